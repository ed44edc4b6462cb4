package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.Item;
import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.checkpoint.ShardWriter;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes another model folder of one: weights as safetensors, an adapter merged into them, all
 * numbers in one format. Configuration, tokenizer and headers are checked before anything is
 * written.
 */
public final class Conversion {
  private Conversion() {}

  /**
   * Writes configuration and tokenizer and plans the weights, whose shards the caller writes.
   *
   * @param from model folder
   * @param adapter folder of PEFT's adapter; {@code from} itself if it has none of its own
   * @param out another folder, without weights
   * @param dtype of floating-point numbers; null to keep each tensor's
   * @param largest most bytes of a file
   * @throws IllegalArgumentException if the model is not whole
   */
  public static ShardWriter start(
      Path from, Path adapter, Path out, Hardware.Dtype dtype, long largest) throws IOException {
    VisionLlmConfig config = VisionLlmConfig.read(from);
    try (Tokenizer tokenizer = Tokenizer.load(from)) {
      SpecialTokens.of(tokenizer);
    }
    Checkpoint checkpoint = Checkpoint.open(from, adapter);
    Layout layout = Layout.of(config);
    List<Item> items = new ArrayList<>();
    for (Map.Entry<String, SafeTensors.Entry> e : checkpoint.entries().entrySet()) {
      Layout.Parameter p = layout.parameters().get(e.getKey());
      if (p != null) {
        items.add(item(checkpoint, e.getValue(), p, dtype));
      }
    }
    for (Layout.Parameter p : layout.missing(checkpoint::has)) {
      checkpoint.check(p.name(), p.shape()); // says what is wrong
    }
    checkpoint.refuseUnexpected(layout.parameters().keySet(), List.of());
    Files.createDirectories(out);
    ShardWriter plan = ShardWriter.plan(out, items, largest);
    ModelFolder.copy(from, out);
    describe(out, dtype);
    return plan;
  }

  private static Item item(
      Checkpoint checkpoint, SafeTensors.Entry e, Layout.Parameter p, Hardware.Dtype dtype) {
    checkpoint.check(p.name(), p.shape());
    String format = dtype == null || p.whole() != null ? e.dtype() : dtype.name();
    return Item.of(e.name(), format, e.shape(), () -> checkpoint.get(e.name()));
  }

  /** Says in config.json what the weights are now. */
  private static void describe(Path out, Hardware.Dtype dtype) throws IOException {
    ObjectNode config = ModelFolder.config(out);
    boolean merged = config.path("use_llm_lora").asBoolean(false);
    if (merged) {
      config.put("use_llm_lora", false);
    }
    if (dtype != null) {
      String name =
          switch (dtype) {
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case F16 -> "float16";
          };
      config.put("torch_dtype", name);
    }
    if (merged || dtype != null) {
      ModelFolder.config(out, config);
    }
  }
}
