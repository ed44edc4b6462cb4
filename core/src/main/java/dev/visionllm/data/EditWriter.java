package dev.visionllm.data;

import dev.visionllm.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongConsumer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes pairs of pictures in the layout of InstructPix2Pix (Brooks et al. 2023), one pair a
 * folder: {@code edits/seeds.json}, {@code edits/FOLDER/prompt.json}, {@code SEED_0.png} before and
 * {@code SEED_1.png} after. Ours: {@code SEED_mask.png}, 255 where the change is, and {@code
 * change} in prompt.json. The files do not depend on the number of threads.
 */
public final class EditWriter {
  private static final JsonMapper JSON = JsonMapper.shared();

  private final Edits edits;

  public EditWriter(Edits edits) {
    this.edits = edits;
  }

  /**
   * Writes the pairs 0 to count - 1; the list of them comes last, when all are there.
   *
   * @param out a new or empty folder
   * @param progress told the number of pairs written so far
   * @return pairs by kind
   * @throws IllegalArgumentException if {@code out} holds something or there are no such pairs
   */
  public Map<EditKind, Integer> write(Path out, int count, int threads, LongConsumer progress)
      throws IOException, InterruptedException {
    InOrder.checkNew(out);
    Path folder = out.resolve("edits");
    Map<EditKind, Integer> kinds = new EnumMap<>(EditKind.class);
    ArrayNode seeds = JSON.createArrayNode();
    InOrder.run(
        count,
        threads,
        i -> write(folder.resolve(name(i)), i),
        kind -> {
          int i = seeds.size();
          seeds.addArray().add(name(i)).addArray().add(i);
          kinds.merge(kind, 1, Integer::sum);
          progress.accept(seeds.size());
        });
    AtomicFile.write(folder.resolve("seeds.json"), JSON.writeValueAsBytes(seeds));
    return kinds;
  }

  private static String name(int i) {
    return String.format(Locale.ROOT, "%07d", i);
  }

  private EditKind write(Path folder, int i) throws IOException {
    Edit e = edits.edit(i);
    Files.createDirectories(folder);
    Files.write(folder.resolve(i + "_0.png"), FastPng.encode(e.width(), e.height(), e.before()));
    Files.write(folder.resolve(i + "_1.png"), FastPng.encode(e.width(), e.height(), e.after()));
    Files.write(
        folder.resolve(i + "_mask.png"), FastPng.encode(e.width(), e.height(), gray(e.mask())));
    ObjectNode prompt = JSON.createObjectNode();
    prompt.put("input", e.input()).put("edit", e.instruction()).put("output", e.output());
    prompt.set("change", e.change());
    Files.writeString(
        folder.resolve("prompt.json"), JSON.writeValueAsString(prompt), StandardCharsets.UTF_8);
    return e.kind();
  }

  private static byte[] gray(boolean[] mask) {
    byte[] values = new byte[mask.length];
    for (int i = 0; i < values.length; i++) values[i] = (byte) (mask[i] ? 255 : 0);
    return values;
  }
}
