"""How does a prompt become a film: script, clips, downloads, one joined file?"""
