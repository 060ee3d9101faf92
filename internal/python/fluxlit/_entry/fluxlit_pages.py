"""What Streamlit runs for an app object: the gateway names the app in FLUXLIT_APP, as `module:attribute`.

Streamlit puts the directory of its script first on sys.path. This file is alone in its own, so that nothing here can
be taken for a module of the user, and the directory is removed before the app is imported.
"""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here]

from fluxlit.streamlit.run import run_app  # noqa: E402

run_app()
