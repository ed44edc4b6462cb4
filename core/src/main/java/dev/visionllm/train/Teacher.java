package dev.visionllm.train;

import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Normalize;
import dev.visionllm.image.Raster;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.ImageEncoder;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Level;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.VisionLlmConfig;
import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A trained detector that shows the image encoder what to see. Windows and a pyramid learn from few
 * pictures what a plain transformer over patches needs many for; its features, read at the places
 * of the patches, are a denser lesson than labels (Li et al. 2022, locality guidance). The patches
 * of a middle level look like the detector's pyramid, those of the highest two like what its
 * encoder makes of it. Ours, not the paper's.
 *
 * <p>Shapes: b pictures, g^2 patches, d channels of the detector.
 */
final class Teacher {
  private static final int HIGHEST = 2; // levels that learn from the encoder

  private final GroundingDino gdino;
  private final DetectorResize resize;
  private final float[] codes; // (1, c, q, l) of all classes
  private final long[] codesShape;
  private final int grid;
  private final double weight;
  private final List<LayerNorm> norms;
  private final List<Linear> heads;

  /**
   * @param extra cursor for the heads, which are no part of the model
   */
  Teacher(
      VisionLlmConfig config,
      Corpus corpus,
      Multimodal model,
      GroundingDino gdino,
      Params extra,
      Recipe recipe) {
    if (gdino == null) {
      throw new IllegalArgumentException(
          "the recipe wants a teacher, the model has no detector: set use_gdino in config.json");
    }
    if (corpus.classes().size() > gdino.config().maxTextLen()) {
      throw new IllegalArgumentException(
          "the data has %d classes, the teacher sees at most %d at once"
              .formatted(corpus.classes().size(), gdino.config().maxTextLen()));
    }
    this.gdino = gdino;
    this.resize = config.detector();
    this.weight = recipe.teacher();
    int q = model.config().states();
    int l = model.config().llm().hidden();
    codesShape = new long[] {1, corpus.classes().size(), q, l};
    codes = LinkCodes.of(Meaning.of(corpus.classes()), q, l);
    int v = model.config().vision().hidden();
    grid = model.config().vision().grid();
    int d = gdino.config().hidden();
    Params p = extra.at("teacher");
    norms = p.at("norms").list(HIGHEST + 1, n -> new LayerNorm(n, v, 1e-5));
    heads = p.at("heads").list(HIGHEST + 1, n -> new Linear(n, v, d));
  }

  /** What the detector sees of a picture: (3, s, s). */
  float[] pixels(Raster picture) {
    Raster small = resize.resize(picture).raster();
    if (small.width() != resize.shortSide() || small.height() != resize.shortSide()) {
      throw new IllegalArgumentException("a teacher needs square pictures");
    }
    return Normalize.IMAGENET_CV.planes(small);
  }

  /**
   * How far the encoder's levels are from what the detector sees: one minus the cosine, mean over
   * places and levels.
   *
   * @param shown of each picture, {@link #pixels}
   * @param levels of the image encoder, each (b, 1 + g^2, v)
   */
  Tensor loss(List<float[]> shown, List<Tensor> levels) {
    int b = shown.size();
    int side = resize.shortSide();
    float[] pixels = new float[b * 3 * side * side];
    for (int i = 0; i < b; i++) {
      System.arraycopy(shown.get(i), 0, pixels, i * 3 * side * side, 3 * side * side);
    }
    Tensor pyramid;
    Tensor encoded;
    try (NoGradGuard guard = new NoGradGuard()) {
      Features f = gdino.features(Tensors.of(pixels, b, 3, side, side), null, false);
      Tensor text = gdino.project(Tensors.of(codes, codesShape));
      text = text.expand(b, text.size(1), text.size(2)).contiguous();
      pyramid = atPatches(f.vision(), f.levels().get(0));
      encoded = atPatches(gdino.decode(f, text, null, null, false).vision(), f.levels().get(0));
    }
    Tensor sum = off(heads.size() - 1, levels.get(levels.size() / 2), pyramid);
    for (int k = 0; k < HIGHEST; k++) {
      sum = sum.add(off(k, levels.get(levels.size() - 1 - k), encoded));
    }
    return F.scale(sum, weight / heads.size());
  }

  private Tensor off(int k, Tensor level, Tensor wanted) {
    Tensor seen = heads.get(k).forward(norms.get(k).forward(ImageEncoder.patches(level)));
    Tensor cosine = F.sum(PatchObjective.unit(seen.flatten(0, 1)).mul(wanted), 1);
    return cosine.mean().neg().add(new Scalar(1));
  }

  /**
   * The finest level at the places of the patches, centred, of length 1: (b, n, d) -> (b g^2, d).
   */
  private Tensor atPatches(Tensor tokens, Level level) {
    Tensor map =
        F.slice(tokens, 1, level.start(), level.end())
            .transpose(1, 2)
            .reshape(tokens.size(0), tokens.size(2), level.height(), level.width());
    Tensor at = F.resizeBilinear(map, grid, grid); // (b, d, g, g)
    Tensor rows = at.flatten(2, 3).transpose(1, 2).flatten(0, 1);
    return PatchObjective.unit(rows.sub(F.mean(rows, 0)));
  }
}
