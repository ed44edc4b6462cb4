package dev.visionllm.train;

import dev.visionllm.image.Normalize;
import dev.visionllm.image.Raster;
import dev.visionllm.model.diffusion.DiffusionLoss;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.ClipTokenizer;
import dev.visionllm.vlm.DiffusersConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * A picture decoder's training step: {@link DiffusionLoss} behind the super-link, or without a
 * language model. Its numbers come from torch's generator, which the step's seed starts.
 *
 * @param <T> what it learns from
 */
final class PaintingLearner<T extends Painting> implements ToolLearner<T> {
  private static final int RELEASED_SIDE = 512; // of a model that does not say its own

  /**
   * A task of picture decoders.
   *
   * @param part name of its loss
   * @param tool that the language model calls
   * @param target what it learns from
   * @param drop rate of conditions left out
   * @param before the picture to change; null where pictures are made
   */
  private record Task<T extends Painting>(
      String part, String tool, Class<T> target, double drop, Function<T, Raster> before) {}

  private static final Task<Painting.Drawn> GENERATION =
      new Task<>("generation", "gen", Painting.Drawn.class, DiffusionLoss.GENERATION_DROP, null);
  private static final Task<Painting.Edited> EDITING =
      new Task<>(
          "editing",
          "edit",
          Painting.Edited.class,
          DiffusionLoss.EDITING_DROP,
          Painting.Edited::before);

  private final Task<T> task;
  private final LatentDiffusion model;
  private final ClipTokenizer words;
  private final int side;
  private final double captionsOnly;

  private PaintingLearner(
      Task<T> task, LatentDiffusion model, Path folder, int side, double captionsOnly)
      throws IOException {
    this.task = task;
    this.model = model;
    this.words = ClipTokenizer.read(folder.resolve("tokenizer"));
    this.side = side(side, model.config(), folder);
    this.captionsOnly = captionsOnly;
  }

  /**
   * Image generation.
   *
   * @param model the model's part sd, or null
   * @param folder of that part's configs and tokenizer
   * @throws IllegalArgumentException if the model has no such part
   */
  static PaintingLearner<Painting.Drawn> generation(
      LatentDiffusion model, Path folder, Recipe.Painter settings) throws IOException {
    if (model == null) {
      throw new IllegalArgumentException("the model makes no pictures: set use_sd in config.json");
    }
    return new PaintingLearner<>(
        GENERATION, model, folder, settings.generation(), settings.captionsOnly());
  }

  /** Image editing; as {@link #generation}. */
  static PaintingLearner<Painting.Edited> editing(
      LatentDiffusion model, Path folder, Recipe.Painter settings) throws IOException {
    if (model == null) {
      throw new IllegalArgumentException(
          "the model edits no pictures: set use_ip2p in config.json");
    }
    return new PaintingLearner<>(
        EDITING, model, folder, settings.editing(), settings.captionsOnly());
  }

  /**
   * Side of the pictures that a picture decoder learns from.
   *
   * @param asked pixels, 0 for the model's own
   * @param folder of its configs
   */
  static int side(int asked, LatentDiffusion.Config c, Path folder) throws IOException {
    int f = c.vae().pixelsPerLatent();
    if (asked % f != 0) {
      throw new IllegalArgumentException(
          "the painter's pictures are %d pixels a side, should be a multiple of %d"
              .formatted(asked, f));
    }
    if (asked > 0) {
      return asked;
    }
    return Files.isDirectory(folder.resolve("unet"))
        ? f * DiffusersConfig.sampleSize(folder)
        : RELEASED_SIDE;
  }

  /** Side of the pictures, in pixels. */
  int side() {
    return side;
  }

  @Override
  public String part() {
    return task.part();
  }

  @Override
  public Class<T> target() {
    return task.target();
  }

  @Override
  public Tensor loss(List<Called<T>> rows, RandomGenerator random) {
    Tensor states =
        F.cat(0, rows.stream().map(r -> r.states(task.tool(), 1)).toList()); // (b, e, l)
    List<T> batch = rows.stream().map(Called::target).toList();
    DiffusionLoss loss = new DiffusionLoss(model, task.drop());
    if (captionsOnly > 0) {
      return F.scale(loss.ofCaptions(states, ids(batch)), captionsOnly);
    }
    Tensor pictures = planes(batch, Painting::picture);
    return loss.of(states, pictures, sources(batch), ids(batch), empty(), loss.draw(pictures))
        .total();
  }

  /** The loss where the decoder's own text encoder says what is asked for. */
  Tensor textLoss(List<T> batch) {
    DiffusionLoss loss = new DiffusionLoss(model, DiffusionLoss.TEXT_DROP);
    Tensor pictures = planes(batch, Painting::picture);
    return loss.ofText(ids(batch), pictures, sources(batch), empty(), loss.drawForText(pictures));
  }

  private Tensor sources(List<T> batch) {
    return task.before() == null ? null : planes(batch, task.before());
  }

  /** (b, 3, side, side), -1 to 1. */
  private Tensor planes(List<T> batch, Function<? super T, Raster> of) {
    return planes(batch.stream().map(of).toList());
  }

  /** Square pictures as the autoencoder takes them: (b, 3, side, side), -1 to 1. */
  static Tensor planes(List<? extends Raster> pictures) {
    int side = pictures.get(0).width();
    int plane = 3 * side * side;
    float[] all = new float[pictures.size() * plane];
    for (int i = 0; i < pictures.size(); i++) {
      System.arraycopy(Normalize.SIGNED.planes(pictures.get(i)), 0, all, i * plane, plane);
    }
    return Tensors.of(all, pictures.size(), 3, side, side);
  }

  /** Token ids of the texts, (b, q). */
  private Tensor ids(List<T> batch) {
    int q = model.config().mapper().queries();
    long[] all = new long[batch.size() * q];
    for (int i = 0; i < batch.size(); i++) {
      int[] ids = words.encode(batch.get(i).text(), q);
      for (int k = 0; k < q; k++) {
        all[i * q + k] = ids[k];
      }
    }
    return Tensors.of(all, batch.size(), q);
  }

  private int[] empty() {
    return words.encode("", model.config().mapper().queries());
  }
}
