"""One module per kind of model behind one protocol, and a scripted fake for tests."""
