"""What a training of an encoder consists of."""
