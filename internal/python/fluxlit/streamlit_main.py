"""The Streamlit script of an app object under its name of version 0.3; see `fluxlit.streamlit_main_path()`."""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
# The modules beside this file have everyday names (app, client, config): they must not hide the user's.
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here]

if __name__ == "__main__":
    from fluxlit.streamlit.run import run_app

    run_app()
