package dev.visionllm.train;

import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * What a run needs to go on: one file with weights, heads, moments and the number of steps done, so
 * that a kill never leaves parts of two checkpoints. model.safetensors beside it holds the weights
 * alone, for everybody else.
 *
 * @param step optimiser steps done
 */
record TrainState(int step, SafeTensors file) {
  static final String FILE = "state.safetensors";
  private static final String STEP = "step";

  static TrainState read(Path dir) throws IOException {
    Path path = dir.resolve(FILE);
    if (!Files.exists(path)) {
      throw new IllegalArgumentException(
          dir + " holds no run to resume: leave --resume away to start one");
    }
    SafeTensors file = SafeTensors.open(path);
    try (var scope = TensorScope.open()) {
      return new TrainState((int) Tensors.longs(file.get(STEP))[0], file);
    }
  }

  static void write(
      Path dir,
      int step,
      Map<String, Tensor> model,
      Map<String, Tensor> extra,
      Map<String, Tensor> optimizer)
      throws IOException {
    Map<String, Tensor> all = new LinkedHashMap<>();
    model.forEach((k, t) -> all.put("model." + k, t));
    extra.forEach((k, t) -> all.put("extra." + k, t));
    optimizer.forEach((k, t) -> all.put("optimizer." + k, t));
    try (var scope = TensorScope.open()) {
      all.put(STEP, Tensors.of(new long[] {step}, 1));
      SafeTensorsWriter.write(dir.resolve(FILE), all);
    }
    SafeTensorsWriter.write(dir.resolve("model.safetensors"), model);
  }

  dev.visionllm.nn.Params.Source model() {
    return (name, shape) -> file.get("model." + name, shape);
  }

  dev.visionllm.nn.Params.Source extra() {
    return (name, shape) -> file.get("extra." + name, shape);
  }

  /** Copies the moments into an optimiser's. */
  void restore(Map<String, Tensor> moments) {
    try (var scope = TensorScope.open();
        NoGradGuard noGrad = new NoGradGuard()) {
      moments.forEach((k, t) -> t.copy_(file.get("optimizer." + k, t.shape())));
    }
  }
}
