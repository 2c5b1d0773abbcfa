"""Jobs as the dashboard sees them: started, followed, and their results taken over."""
