"""What was hosted beside the API: do its pages and routes answer as before?"""
