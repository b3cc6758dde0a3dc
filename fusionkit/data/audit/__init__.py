"""What a reviewer asks of a data set: leaks, copies, labels that conflict, factors that give the label away."""
