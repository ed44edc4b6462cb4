package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Training loss of generation and editing (the forward passes of the reference's
 * StableDiffusionWithLLMEmb and InstructPix2PixWithLLMEmb): the squared error of what the denoiser
 * predicts, and a tenth of the squared distance between the condition and the text encoder's view
 * of the caption. Some conditions are dropped, so that guidance works later. Text encoder and
 * autoencoder get no gradients; whether the denoiser does is the caller's choice.
 *
 * <p>Shapes: b pictures of (h, w) pixels and f pixels per latent, e super-link states of size l, q
 * tokens of c channels of the condition, z latent channels.
 *
 * @param drop the reference's cfg_drop_rate r: prompts are dropped below a chance of 2 r, pictures
 *     to edit from r to 3 r
 */
public record DiffusionLoss(LatentDiffusion model, double drop) {
  /** The reference's rate for generation. */
  public static final double GENERATION_DROP = 0.1;

  /** The reference's rate for editing. */
  public static final double EDITING_DROP = 0.05;

  /** Ours for {@link #ofText}: a tenth of the texts, as Ho and Salimans (2022) have it. */
  public static final double TEXT_DROP = 0.05;

  private static final double CAPTION_WEIGHT = 0.1;

  /** Refuses a rate without a meaning. */
  public DiffusionLoss {
    if (!(drop >= 0 && drop <= 1.0 / 3)) {
      throw new IllegalArgumentException("drop rate is " + drop + ", should be 0 to 1/3");
    }
  }

  /**
   * The random numbers of a batch.
   *
   * @param sample standard normal, which of the likely latents a picture gets, (b, z, h/f, w/f)
   * @param noise standard normal, to be predicted, (b, z, h/f, w/f)
   * @param times int64 (b)
   * @param chance uniform [0, 1), decides what is dropped, one per picture
   */
  public record Draw(Tensor sample, Tensor noise, Tensor times, float[] chance) {}

  /** Loss to go backward from, and its parts without weights; caption is null without captions. */
  public record Result(Tensor total, Tensor image, Tensor caption) {}

  /** Draws the numbers of a batch with torch's generator; all times are as likely. */
  public Draw draw(Tensor pictures) {
    long steps = model.config().levels().trainSteps();
    return draw(
        pictures,
        torch.randint(0, steps, new long[] {pictures.size(0)}, Tensors.options(ScalarType.Long)));
  }

  /** Draws the numbers of a batch for {@link #ofText}, times by {@link NoiseLevels#times}. */
  public Draw drawForText(Tensor pictures) {
    Tensor normal = torch.randn(new long[] {pictures.size(0)}, Tensors.options(ScalarType.Float));
    return draw(pictures, model.config().levels().times(normal));
  }

  private Draw draw(Tensor pictures, Tensor times) {
    LatentDiffusion.Config c = model.config();
    long b = pictures.size(0);
    int f = c.vae().pixelsPerLatent();
    long[] shape = {b, c.vae().latentChannels(), pictures.size(2) / f, pictures.size(3) / f};
    return new Draw(
        torch.randn(shape, Tensors.options(ScalarType.Float)),
        torch.randn(shape, Tensors.options(ScalarType.Float)),
        times,
        Tensors.floats(torch.rand(new long[] {b}, Tensors.options(ScalarType.Float))));
  }

  /**
   * Judges a batch.
   *
   * @param states last hidden states at the super-link's positions, (b, e, l)
   * @param pictures to be made, -1 to 1, (b, 3, h, w)
   * @param sources pictures that were edited, likewise; null for generation
   * @param captions token ids int64 (b, q), or null if a picture has none
   * @param empty token ids of the empty text, q of them
   */
  public Result of(
      Tensor states, Tensor pictures, Tensor sources, Tensor captions, int[] empty, Draw draw) {
    Tensor condition = model.mapper().forward(states); // (b, q, c)
    Tensor caption = captions == null ? null : distance(condition, captions);
    Tensor without = TextToImage.unconditional(model, empty, condition);
    Tensor dropped = chosen(draw.chance(), 0, 2 * drop).view(-1, 1, 1);
    Tensor context = torch.where(dropped, without.detach(), condition);
    Tensor image = error(pictures, sources, context, draw);
    Tensor total = caption == null ? image : image.add(F.scale(caption, CAPTION_WEIGHT));
    return new Result(total, image, caption);
  }

  /**
   * The caption's part of {@link #of} alone, for a link that still has to learn what was asked for
   * (ours): the denoiser is not needed.
   *
   * @return the mean squared distance of condition and text encoder
   */
  public Tensor ofCaptions(Tensor states, Tensor captions) {
    return distance(model.mapper().forward(states), captions);
  }

  /**
   * Judges a batch without a language model (ours; Rombach et al. 2022): the condition is the text
   * encoder's view of the texts, of which some are left empty. The text encoder learns with the
   * denoiser. Of a velocity all times weigh as Karras et al. (2022) want them.
   *
   * @param texts token ids int64 (b, q) of captions or instructions
   * @return the squared error of what is predicted; for the others see {@link #of}
   */
  public Tensor ofText(Tensor texts, Tensor pictures, Tensor sources, int[] empty, Draw draw) {
    long[] none = Arrays.stream(empty).asLongStream().toArray();
    Tensor dropped = chosen(draw.chance(), 0, 2 * drop).view(-1, 1);
    Tensor ids = torch.where(dropped, Tensors.of(none, 1, none.length), texts);
    return error(pictures, sources, model.textEncoder().forward(ids), draw);
  }

  /** Mean squared error of what the denoiser predicts of noisy latents. */
  private Tensor error(Tensor pictures, Tensor sources, Tensor context, Draw draw) {
    if ((sources != null) != model.config().edits()) {
      throw new IllegalArgumentException(
          "pictures to edit are needed exactly where the denoiser edits");
    }
    Tensor latents = latents(pictures, draw);
    NoiseLevels levels = model.config().levels();
    Tensor noisy = levels.addNoise(latents, draw.noise(), draw.times());
    Tensor input = sources == null ? noisy : F.cat(1, noisy, kept(sources, draw.chance()));
    return torch.mse_loss(
        model.unet().forward(input, draw.times(), context),
        levels.target(latents, draw.noise(), draw.times()));
  }

  private Tensor distance(Tensor condition, Tensor captions) {
    Tensor text;
    try (NoGradGuard guard = new NoGradGuard()) {
      text = model.textEncoder().forward(captions);
    }
    return torch.mse_loss(condition, text);
  }

  private Tensor latents(Tensor pictures, Draw draw) {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor latents = model.vae().encode(pictures).sample(draw.sample());
      return F.scale(latents, model.config().vae().scalingFactor());
    }
  }

  /** The likeliest latents of the sources, unscaled, some of them zero. */
  private Tensor kept(Tensor sources, float[] chance) {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor latents = model.vae().encode(sources).mean();
      return F.fill(latents, chosen(chance, drop, 3 * drop).view(-1, 1, 1, 1), 0);
    }
  }

  /** Where the chance is in [from, to): bool (b). */
  private static Tensor chosen(float[] chance, double from, double to) {
    boolean[] out = new boolean[chance.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = chance[i] >= from && chance[i] < to;
    }
    return Tensors.of(out, out.length);
  }
}
