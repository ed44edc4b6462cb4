package dev.visionllm.train;

import dev.visionllm.data.Problems;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Opens the sources of pictures, and makes the learners that they need. */
final class Painters {
  private final Path folder;
  private final Decoders decoders;
  private final Recipe.Painter settings;
  private final Problems problems;
  private PaintingLearner<Painting.Drawn> generation; // null until a source needs it
  private PaintingLearner<Painting.Edited> editing; // likewise

  /**
   * @param folder of the model
   * @param problems what becomes of broken samples
   */
  Painters(Path folder, Decoders decoders, Recipe.Painter settings, Problems problems) {
    this.folder = folder;
    this.decoders = decoders;
    this.settings = settings;
    this.problems = problems;
  }

  /**
   * Opens a source.
   *
   * @param packer null where no language model learns
   * @throws IllegalArgumentException if it has other data, or the model lacks what its task needs
   */
  PaintingSource source(Source s, Packer packer) throws IOException {
    if (s instanceof Source.Generation g) {
      if (generation == null) {
        generation = PaintingLearner.generation(decoders.sd(), folder.resolve("sd"), settings);
      }
      return new GenerationSamples(g, packer, generation.side(), problems);
    }
    if (s instanceof Source.Editing e) {
      if (editing == null) {
        editing = PaintingLearner.editing(decoders.ip2p(), folder.resolve("ip2p"), settings);
      }
      return new EditingSamples(e, packer, editing.side(), problems);
    }
    throw new IllegalArgumentException(
        "a picture decoder learns from data of task generation and editing, its autoencoder from"
            + " task pictures: the recipe has task "
            + s.getClass().getSimpleName().toLowerCase(Locale.ROOT));
  }

  /** Learners of the sources opened so far. */
  List<PaintingLearner<?>> learners() {
    List<PaintingLearner<?>> learners = new ArrayList<>();
    if (generation != null) {
      learners.add(generation);
    }
    if (editing != null) {
      learners.add(editing);
    }
    return learners;
  }
}
