"""The HTML around Streamlit's pages: the language of the document, and our script that completes it."""
