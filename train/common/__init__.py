"""What training of lesions, of slides and of tissue share."""
