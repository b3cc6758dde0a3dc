"""What turns the features of all branches into logits."""
