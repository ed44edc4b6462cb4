package dev.visionllm.tensor;

import org.bytedeco.javacpp.Loader;

/** Loads libtorch once per process. Everything that touches a tensor goes through here first. */
public final class Native {
  private static boolean loaded;

  private Native() {}

  /** Loads the native libraries; cheap when they are loaded already. */
  public static synchronized void load() {
    if (loaded) {
      return;
    }
    // read by javacpp when its first Pointer class initialises
    System.getProperties().putIfAbsent("org.bytedeco.javacpp.maxBytes", "0");
    System.getProperties().putIfAbsent("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    Loader.load(org.bytedeco.pytorch.global.torch.class);
    loaded = true;
  }
}
