package dev.visionllm.train;

import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.checkpoint.SafeTensorsWriter;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
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
  private static final String OPTIMIZER = "optimizer.";

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
    optimizer.forEach((k, t) -> all.put(OPTIMIZER + k, t));
    try (var scope = TensorScope.open()) {
      all.put(STEP, Tensors.of(new long[] {step}, 1));
      SafeTensorsWriter.write(dir.resolve(FILE), all);
    }
    SafeTensorsWriter.write(dir.resolve("model.safetensors"), model);
  }

  Params.Source model() {
    return below("model.");
  }

  Params.Source extra() {
    return below("extra.");
  }

  /** The optimiser's state by name; tensors belong to the caller's scope. */
  Map<String, Tensor> optimizer() {
    Map<String, Tensor> out = new LinkedHashMap<>();
    for (String name : file.entries().keySet()) {
      if (name.startsWith(OPTIMIZER)) {
        out.put(name.substring(OPTIMIZER.length()), file.get(name));
      }
    }
    return out;
  }

  private Params.Source below(String prefix) {
    return new Params.Source() {
      @Override
      public Tensor get(String name, long... shape) {
        return file.get(prefix + name, shape);
      }

      @Override
      public boolean has(String name) {
        return file.has(prefix + name);
      }
    };
  }
}
