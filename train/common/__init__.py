"""What training of lesions and of slides share."""
