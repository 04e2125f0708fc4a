"""Training of models for single images of skin lesions."""
