"""Of what is a bundle made? Its members, its script, and the ZIP around them."""
