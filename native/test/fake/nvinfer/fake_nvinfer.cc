// What is asked of TensorRT itself: its version.
extern "C" __attribute__((visibility("default"))) int getInferLibVersion() { return 100300; }
