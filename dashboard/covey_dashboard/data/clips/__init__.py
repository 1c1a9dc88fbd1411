"""What pages read of clips: what rows and columns of their images show, and where their recordings are."""
