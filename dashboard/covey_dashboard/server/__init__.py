"""The web server: Streamlit, thumbnails and sound."""
