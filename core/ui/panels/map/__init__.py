"""The parts of the Map page: which map, the points, the picked point with its neighbours, what is selected."""
