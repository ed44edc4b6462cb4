package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * How much noise each training time step holds (Ho et al. 2020): latents of time t are sqrt(a) x +
 * sqrt(1 - a) noise, a = alphasCumprod[t]. Every schedule reads this table. The fields are those of
 * diffusers' scheduler_config.json, named in brackets.
 *
 * @param trainSteps time steps 0..trainSteps-1 [num_train_timesteps]
 * @param betaStart first step's variance [beta_start]
 * @param betaEnd last step's variance [beta_end]
 * @param shape between the two [beta_schedule]
 * @param stepsOffset added to the times of evenly spaced schedules [steps_offset]
 * @param finalAlphaOne whether the last step ends without any noise, or with that of time 0
 *     [set_alpha_to_one]
 * @param velocity whether denoisers predict sqrt(a) noise - sqrt(1 - a) x (Salimans and Ho 2022)
 *     instead of the noise; then what they say of latents that are nearly all noise is the picture
 *     [prediction_type: v_prediction instead of epsilon]
 */
public record NoiseLevels(
    int trainSteps,
    double betaStart,
    double betaEnd,
    Shape shape,
    int stepsOffset,
    boolean finalAlphaOne,
    boolean velocity) {
  /** Stable Diffusion 1.5 and InstructPix2Pix. */
  public static final NoiseLevels SD_15 =
      new NoiseLevels(1000, 0.00085, 0.012, Shape.SCALED_LINEAR, 1, false, false);

  private static final double LOG_SIGMA = 0.2; // of the noise to learn from: docs/adr/0014
  private static final double LOG_SIGMA_SPREAD = 1.4;

  /** Curves from betaStart to betaEnd. */
  public enum Shape {
    /** A straight line. */
    LINEAR,
    /** A straight line of square roots. */
    SCALED_LINEAR
  }

  /** Refuses values without a meaning. */
  public NoiseLevels {
    if (trainSteps < 1 || stepsOffset < 0 || stepsOffset >= trainSteps) {
      throw new IllegalArgumentException(
          "noise levels: "
              + trainSteps
              + " training steps and offset "
              + stepsOffset
              + "; should be at least 1, and 0 up to the number of steps");
    }
    if (!(betaStart > 0 && betaStart <= betaEnd && betaEnd < 1)) {
      throw new IllegalArgumentException(
          "noise levels: betas from "
              + betaStart
              + " to "
              + betaEnd
              + ", should be above 0, rising and below 1");
    }
  }

  /** The variance added by each time step, in single precision as the reference computes it. */
  public float[] betas() {
    float[] betas = new float[trainSteps];
    boolean scaled = shape == Shape.SCALED_LINEAR;
    float start = (float) (scaled ? Math.sqrt(betaStart) : betaStart);
    float end = (float) (scaled ? Math.sqrt(betaEnd) : betaEnd);
    float step = trainSteps == 1 ? 0 : (end - start) / (trainSteps - 1);
    for (int i = 0; i < trainSteps; i++) { // from both ends, as torch.linspace
      float b = i < trainSteps / 2 ? start + step * i : end - step * (trainSteps - i - 1);
      betas[i] = scaled ? b * b : b;
    }
    return betas;
  }

  /** The share of the picture's variance that is left at each time step. */
  public float[] alphasCumprod() {
    float[] out = new float[trainSteps];
    double product = 1;
    float[] betas = betas();
    for (int i = 0; i < trainSteps; i++) {
      product *= 1f - betas[i];
      out[i] = (float) product;
    }
    return out;
  }

  /**
   * Latents with the noise of given time steps, for training.
   *
   * @param latents (b, z, h, w), scaled
   * @param noise standard normal, (b, z, h, w)
   * @param times int64 (b)
   * @return (b, z, h, w)
   */
  public Tensor addNoise(Tensor latents, Tensor noise, Tensor times) {
    return mixed(latents, noise, 1, times);
  }

  /** What the denoiser has to predict of {@link #addNoise}'s latents: (b, z, h, w). */
  Tensor target(Tensor latents, Tensor noise, Tensor times) {
    return velocity ? mixed(noise, latents, -1, times) : noise;
  }

  /**
   * The noise that a prediction means.
   *
   * @param predicted by the denoiser, fp32
   * @param input latents that it saw, of variance 1
   * @param time that it was told, also between two steps
   */
  Tensor noise(Tensor predicted, Tensor input, double time) {
    if (!velocity) return predicted;
    double sigma = sigma(alphasCumprod(), time);
    double kept = 1 / Math.sqrt(1 + sigma * sigma);
    return mix(kept, predicted, kept * sigma, input);
  }

  /** sqrt(a) x + f sqrt(1 - a) y at the times of each row. */
  private Tensor mixed(Tensor x, Tensor y, float f, Tensor times) {
    float[] alphas = alphasCumprod();
    long[] at = Tensors.longs(times);
    float[] ofX = new float[at.length];
    float[] ofY = new float[at.length];
    for (int i = 0; i < at.length; i++) {
      float a = alphas[Math.toIntExact(at[i])];
      ofX[i] = (float) Math.sqrt(a);
      ofY[i] = f * (float) Math.sqrt(1 - a);
    }
    Tensor k = Tensors.of(ofX, at.length, 1, 1, 1).to(x);
    Tensor n = Tensors.of(ofY, at.length, 1, 1, 1).to(x);
    return x.mul(k).add(y.mul(n));
  }

  /**
   * Times to learn from, most where noise and picture are of a size: the logarithm of the noise
   * relative to the picture is normal (Karras et al. 2022), around more noise than theirs, since
   * latents hold little but what is decided under much of it.
   *
   * @param normal standard normal, (b)
   * @return the nearest times, int64 (b)
   */
  Tensor times(Tensor normal) {
    float[] alphas = alphasCumprod();
    float[] z = Tensors.floats(normal);
    long[] out = new long[z.length];
    for (int i = 0; i < z.length; i++) {
      double sigma = Math.exp(LOG_SIGMA + LOG_SIGMA_SPREAD * z[i]);
      int low = 0;
      int high = trainSteps - 1;
      while (low < high) { // sigmas rise
        int middle = (low + high) / 2;
        if (sigma(alphas, middle + 0.5) < sigma) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      out[i] = low;
    }
    return Tensors.of(out, out.length);
  }

  /**
   * Noise relative to the picture at a time, also between two steps: sqrt((1 - a) / a),
   * interpolated.
   */
  double sigma(float[] alphas, double time) {
    int low = (int) Math.floor(time);
    int high = Math.min(low + 1, trainSteps - 1);
    double below = sigma(alphas[low]);
    return below + (time - low) * (sigma(alphas[high]) - below);
  }

  private static double sigma(double alpha) {
    return Math.sqrt((1 - alpha) / alpha);
  }

  /** b x + c y, the form of every schedule's update. */
  static Tensor mix(double b, Tensor x, double c, Tensor y) {
    return F.scale(x, b).add(F.scale(y, c));
  }
}
