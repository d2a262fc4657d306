"""Small ONNX models on this machine, and how they are opened."""
