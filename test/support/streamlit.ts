/** What a browser sends to run the script: Streamlit's BackMsg with an empty `rerun_script`, as protobuf. */
export const rerun = Buffer.from('5a00', 'hex')
