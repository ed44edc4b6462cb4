package dev.visionllm.model.gdino;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Denoising queries (DN-DETR, DINO): noised copies of the true objects that the decoder is asked to
 * repair. They go in front of the matching queries, only during training.
 *
 * <p>Layout of the n = groups * 2 * slots queries of a picture: group by group; in a group first
 * {@code slots} positives (small box noise, to be repaired), then {@code slots} negatives (large
 * noise, to be rejected); slots is the largest number of objects of the batch, unused ones are
 * padding with zero content and zero box logits, as in the reference.
 *
 * @param groups number of groups
 * @param slots objects per half of a group
 * @param labels (b, n) int64, position of the noised class in the prompt, -1 in padding
 * @param boxes (b, n, 4) logits of the noised cx, cy, w, h; 0 in padding
 * @param mask (n + queries, n + queries) bool, true = the row's query may not attend to the
 *     column's
 */
public record Denoising(int groups, int slots, Tensor labels, Tensor boxes, Tensor mask) {
  /**
   * How much noise.
   *
   * @param number queries of each sign that fit a picture: groups = 2 number / (2 most objects)
   * @param labelNoise half of this fraction of labels is drawn anew
   * @param boxNoise in half sizes: positives move each side by at most this, negatives by up to
   *     twice
   * @param eps least share of the picture that becomes a logit: 1e-5 here, 1e-3 in UniPose
   */
  public record Settings(int number, double labelNoise, double boxNoise, double eps) {
    /** The reference's: 100 queries, label noise 0.5, box noise 1. */
    public static final Settings REFERENCE = new Settings(100, 0.5, 1.0);

    /** As Grounding DINO's. */
    public Settings(int number, double labelNoise, double boxNoise) {
      this(number, labelNoise, boxNoise, 1e-5);
    }

    /** Refuses negative amounts; number 0 switches denoising off. */
    public Settings {
      if (number < 0 || !(labelNoise >= 0) || !(boxNoise >= 0) || !(eps > 0)) {
        throw new IllegalArgumentException(
            "denoising number "
                + number
                + ", label noise "
                + labelNoise
                + " and box noise "
                + boxNoise
                + " must not be negative");
      }
    }

    /** Groups for a batch whose fullest picture holds that many objects. */
    int groups(int mostObjects) {
      return Math.max(1, 2 * number / (2 * mostObjects));
    }
  }

  /**
   * The random numbers of one batch, in the reference's order: m = 2 groups * objects of the batch
   * entries, all objects of the batch in order, once per half group.
   *
   * @param relabel (m) uniform [0, 1): the label changes below half of the label noise
   * @param newLabels one new class per changed label, in order
   * @param sign (m * 4) 0 or 1: the side moves out of or into the box's coordinates' direction
   * @param magnitude (m * 4) uniform [0, 1)
   */
  public record Noise(float[] relabel, long[] newLabels, float[] sign, float[] magnitude) {
    /** Draws the numbers for m entries and labels in [0, classes). */
    static Noise draw(RandomGenerator random, int m, Settings s, int classes) {
      float[] relabel = new float[m];
      int changed = 0;
      for (int i = 0; i < m; i++) {
        relabel[i] = random.nextFloat();
        changed += relabel[i] < s.labelNoise() * 0.5 ? 1 : 0;
      }
      long[] newLabels = new long[changed];
      for (int i = 0; i < changed; i++) {
        newLabels[i] = random.nextInt(classes);
      }
      float[] sign = new float[m * 4];
      float[] magnitude = new float[m * 4];
      for (int i = 0; i < sign.length; i++) {
        sign[i] = random.nextBoolean() ? 1 : 0;
      }
      for (int i = 0; i < magnitude.length; i++) {
        magnitude[i] = random.nextFloat();
      }
      return new Noise(relabel, newLabels, sign, magnitude);
    }
  }

  /**
   * Makes the queries of a batch with noise from a generator.
   *
   * @param targets one per picture
   * @param classes number of class positions in the batch's (padded) prompts
   * @param queries number of matching queries that follow
   * @return empty if denoising is switched off or no picture holds an object
   */
  public static Optional<Denoising> draw(
      List<Target> targets, Settings s, int classes, int queries, RandomGenerator random) {
    int most = targets.stream().mapToInt(Target::size).max().orElse(0);
    if (most == 0 || s.number() == 0) {
      return Optional.empty();
    }
    int all = targets.stream().mapToInt(Target::size).sum();
    Noise noise = Noise.draw(random, 2 * s.groups(most) * all, s, classes);
    return Optional.of(of(targets, s, queries, noise));
  }

  /** Makes the queries of a batch that holds at least one object, with given noise. */
  public static Denoising of(List<Target> targets, Settings s, int queries, Noise noise) {
    int slots = targets.stream().mapToInt(Target::size).max().orElse(0);
    int all = targets.stream().mapToInt(Target::size).sum();
    if (slots == 0) {
      throw new IllegalArgumentException("denoising queries need at least one object");
    }
    int groups = s.groups(slots);
    int m = 2 * groups * all;
    if (noise.relabel().length != m
        || noise.sign().length != 4 * m
        || noise.magnitude().length != 4 * m) {
      throw new IllegalArgumentException(
          "denoising needs noise for " + m + " entries, got " + noise.relabel().length);
    }
    int n = groups * 2 * slots;
    long[] labels = new long[targets.size() * n];
    Arrays.fill(labels, -1);
    float[] boxes = new float[targets.size() * n * 4];
    int entry = 0;
    int changed = 0;
    for (int half = 0; half < 2 * groups; half++) {
      float extra = half % 2; // negatives move by one more half size
      for (int b = 0; b < targets.size(); b++) {
        Target t = targets.get(b);
        for (int j = 0; j < t.size(); j++, entry++) {
          int at = b * n + half * slots + j;
          labels[at] =
              noise.relabel()[entry] < s.labelNoise() * 0.5
                  ? noise.newLabels()[changed++]
                  : t.classes()[j];
          moved(t.boxes()[j], s, extra, noise, 4 * entry, boxes, 4 * at);
        }
      }
    }
    return new Denoising(
        groups,
        slots,
        Tensors.of(labels, targets.size(), n),
        Tensors.of(boxes, targets.size(), n, 4),
        Tensors.of(mask(groups, 2 * slots, queries), n + queries, n + queries));
  }

  /** Number of denoising queries per picture. */
  public int count() {
    return groups * 2 * slots;
  }

  /**
   * What the queries are made of: the projected text query of each noised class, zero in padding.
   *
   * @param text (b, t, d) text features as they enter the encoder
   * @return (b, n, d); gradients flow into the text
   */
  public Tensor content(Tensor text) {
    return TensorScope.of(
        () -> {
          Tensor padding = labels.lt(new Scalar(0)).unsqueeze(-1);
          Tensor index = labels.clamp_min(new Scalar(0)).unsqueeze(-1);
          index = index.expand(-1, -1, text.size(2)); // (b, n, d)
          return F.fill(torch.gather(text, 1, index), padding, 0);
        });
  }

  /** Writes the logits of the box with its corners moved. */
  private static void moved(
      float[] box, Settings s, float extra, Noise noise, int from, float[] to, int at) {
    double scale = s.boxNoise();
    float[] corner = new float[4];
    for (int c = 0; c < 4; c++) {
      float half = box[2 + c % 2] / 2;
      float corner0 = c < 2 ? box[c] - half : box[c - 2] + half;
      float part = (noise.magnitude()[from + c] + extra) * (noise.sign()[from + c] * 2 - 1);
      corner[c] = scale > 0 ? clamp(corner0 + part * half * (float) scale) : corner0;
    }
    for (int c = 0; c < 4; c++) {
      float v =
          scale == 0 ? box[c] : c < 2 ? (corner[c] + corner[c + 2]) / 2 : corner[c] - corner[c - 2];
      float x = clamp(v);
      to[at + c] = (float) Math.log(Math.max(x, s.eps()) / Math.max(1 - x, s.eps()));
    }
  }

  private static float clamp(float v) {
    return Math.min(1, Math.max(0, v));
  }

  /** Groups do not see one another; matching queries see no group; groups see matching queries. */
  private static boolean[] mask(int groups, int size, int queries) {
    int n = groups * size;
    int side = n + queries;
    boolean[] hidden = new boolean[side * side];
    for (int row = 0; row < side; row++) {
      for (int column = 0; column < n; column++) {
        hidden[row * side + column] = row >= n || row / size != column / size;
      }
    }
    return hidden;
  }
}
