package dev.visionllm.cli;

import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.image.Raster;
import dev.visionllm.model.diffusion.Denoising;
import dev.visionllm.model.diffusion.Settings;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.vlm.VisionLlm;
import dev.visionllm.vlm.VisionLlmConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;

/**
 * Many requests in one process, by turns of every tool that a model has: what they leave behind.
 */
final class Soak {
  /**
   * Native memory after the warm-up and after the last request.
   *
   * @param warmUp requests that are not counted
   * @param tools what was asked by turns
   * @param pointersBefore live native objects
   * @param residentBefore bytes of physical memory
   */
  record Report(
      int requests,
      int warmUp,
      List<String> tools,
      long pointersBefore,
      long pointersAfter,
      long residentBefore,
      long residentAfter) {
    double growth() {
      return (double) residentAfter / residentBefore - 1;
    }

    /** Whether nothing was left behind. */
    boolean flat() {
      return pointersAfter == pointersBefore && growth() < MOST_GROWTH;
    }
  }

  /** Growth of the resident memory that counts as none. */
  static final double MOST_GROWTH = 0.03;

  private static final int LEAST_WARM_UP = 20;
  private static final int SHARE = 6; // of the requests, for the warm-up

  private Soak() {}

  /**
   * @param requests counting those of the warm-up, more than 20
   */
  static Report run(VisionLlm model, Raster picture, int requests) {
    int warmUp = Math.max(LEAST_WARM_UP, requests / SHARE);
    if (requests <= warmUp) {
      throw new IllegalArgumentException(
          "soak is " + requests + ", should be more than the warm-up of " + warmUp);
    }
    Map<String, Runnable> tools = tools(model, picture);
    List<Runnable> turns = List.copyOf(tools.values());
    long pointers = 0;
    long resident = 0;
    for (int i = 0; i < requests; i++) {
      if (i == warmUp) {
        pointers = Pointer.totalCount();
        resident = ProcessMemory.resident();
      }
      turns.get(i % turns.size()).run();
    }
    return new Report(
        requests,
        warmUp,
        List.copyOf(tools.keySet()),
        pointers,
        Pointer.totalCount(),
        resident,
        ProcessMemory.resident());
  }

  private static Map<String, Runnable> tools(VisionLlm m, Raster picture) {
    VisionLlmConfig c = m.config();
    List<String> classes = List.of("dog", "balloon", "cat", "apple");
    Map<String, Runnable> out = new LinkedHashMap<>();
    out.put("ask", () -> m.ask(Prompt.of("What is in this picture?", picture)));
    if (c.gdino() != null) {
      out.put("detect", () -> m.detect(picture, classes));
      out.put("ground", () -> m.ground(picture, "the dog", 0));
      if (c.gdino().masks()) {
        out.put("segment", () -> m.segment(picture, classes, c.threshold()));
      }
    }
    if (c.unipose() != null) {
      out.put("pose", () -> m.pose(picture, Map.of("person", KeypointSets.COCO), 0));
    }
    if (c.sd() != null) {
      Settings s = m.generation();
      out.put("generate", () -> paint(m.generate("a cat", "", s)));
    }
    if (c.ip2p() != null) {
      Settings s = m.editing(picture);
      out.put("edit", () -> paint(m.edit(picture, "make it red", "", s)));
    }
    return out;
  }

  private static void paint(Denoising run) {
    try (run) {
      run.forEachRemaining(step -> {});
      run.pictures();
    }
  }
}
