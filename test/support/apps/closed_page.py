import json
import os

import streamlit as st
from burglar import break_in, own

with open("goods.json") as file:
    goods = json.load(file)
with open("loot/begun.json", "w") as file:
    json.dump({"found": break_in(goods), "own": own()}, file)
os.rename("loot/begun.json", "loot/found.json")
st.text("done")
