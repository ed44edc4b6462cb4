package dev.visionllm.model.diffusion;

import dev.visionllm.image.Raster;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A run from noise to pictures, one step at a time: take the steps, then the pictures. Owns its
 * latents and random state until it is closed, belongs to the thread that made it, and opens its
 * own tensor scopes. Shapes: n pictures, g conditions each, (h, w) latents, z latent channels.
 * Latents and the schedule's arithmetic are fp32 whatever the weights are.
 */
public final class Denoising implements Iterator<Denoising.Step>, AutoCloseable {
  /**
   * A call of the denoiser.
   *
   * @param number from 1
   * @param of calls of the whole run
   * @param time the training time step it stood at
   * @param previews what each picture would become, coarse, at latent resolution; empty if not
   *     asked for
   */
  public record Step(int number, int of, double time, List<Raster> previews) {}

  private final LatentDiffusion model;
  private final Settings settings;
  private final Guidance guidance;
  private final Stepper stepper;
  private final double[] times;
  private final List<Noise> noises;
  private final LatentColours colours; // null without previews
  private final History history = new History();
  private final Tensor context; // (g n, q, c)
  private final Tensor imageLatents; // (g n, z, h, w) when editing, else null
  private Tensor latents; // (n, z, h, w)
  private int done;

  /**
   * Starts a run.
   *
   * @param context (g n, q, c); copied
   * @param imageLatents (g n, z, h, w), or null; copied
   * @param noises one per picture; closed with the run
   */
  Denoising(
      LatentDiffusion model,
      Settings settings,
      Guidance guidance,
      Tensor context,
      Tensor imageLatents,
      List<Noise> noises) {
    this.model = model;
    this.settings = settings;
    this.guidance = guidance;
    this.noises = List.copyOf(noises);
    stepper = settings.schedule().of(model.config().levels(), settings.steps());
    times = stepper.times();
    colours = settings.previews() ? LatentColours.of(model.vae()) : null;
    this.context = TensorScope.keep(context.clone());
    this.imageLatents = imageLatents == null ? null : TensorScope.keep(imageLatents.clone());
    int f = model.config().vae().pixelsPerLatent();
    long z = model.config().vae().latentChannels();
    latents =
        TensorScope.keep(
            F.scale(
                fresh(1, z, settings.height() / f, settings.width() / f), stepper.initialSigma()));
  }

  @Override
  public boolean hasNext() {
    return done < times.length;
  }

  /** Takes the next step. */
  @Override
  public Step next() {
    if (!hasNext()) {
      throw new NoSuchElementException("all " + times.length + " steps are done");
    }
    int i = done;
    List<Raster> previews =
        TensorScope.value(
            () -> {
              try (var noGrad = new NoGradGuard()) {
                Tensor scaled = stepper.scaled(i, latents);
                Tensor said = guidance.combine(predict(input(scaled), i)).to(ScalarType.Float);
                Tensor noise = model.config().levels().noise(said, scaled, times[i]);
                List<Raster> seen =
                    colours == null
                        ? List.of()
                        : colours.pictures(stepper.clean(i, latents, noise));
                Tensor drawn = stepper.drawsNoise(i) ? fresh(latents.shape()) : null;
                replace(stepper.step(i, latents, noise, drawn, history));
                return seen;
              }
            });
    done++;
    return new Step(done, times.length, times[i], previews);
  }

  /** What the denoiser sees of latents: (g n, z, h, w), or (g n, 2 z, h, w) when editing. */
  Tensor input(Tensor scaled) {
    Tensor all = F.cat(0, Collections.nCopies(guidance.copies(), scaled));
    return imageLatents == null ? all : F.cat(1, all, imageLatents);
  }

  /** The denoiser's answer: (g n, z, h, w). */
  Tensor predict(Tensor input, int i) {
    float[] time = new float[Math.toIntExact(input.size(0))];
    Arrays.fill(time, (float) times[i]);
    Tensor t = Tensors.of(time, time.length).to(input.device(), ScalarType.Float);
    return model.unet().forward(input, t, context);
  }

  /** The conditions, (g n, q, c); the run's own. */
  Tensor context() {
    return context;
  }

  /** The latents after the steps taken so far, (n, z, h, w); the run's own. */
  Tensor latents() {
    return latents;
  }

  /**
   * Each picture's own next numbers, on the device of the condition. @param shape its first is n
   */
  private Tensor fresh(long... shape) {
    List<Tensor> each = new ArrayList<>();
    long[] single = shape.clone();
    single[0] = 1;
    noises.forEach(n -> each.add(n.next(single)));
    return F.cat(0, each).to(context.device(), ScalarType.Float);
  }

  private void replace(Tensor next) {
    Tensor before = latents;
    latents = TensorScope.keep(next);
    before.close();
  }

  /** Takes all steps that are left. @return the finished pictures */
  public List<Raster> finish() {
    while (hasNext()) {
      next();
    }
    return pictures();
  }

  /**
   * The finished pictures.
   *
   * @throws IllegalStateException before the last step
   */
  public List<Raster> pictures() {
    if (hasNext()) {
      throw new IllegalStateException(
          done + " of " + times.length + " steps are done: take the rest before the pictures");
    }
    List<Raster> out = new ArrayList<>();
    for (long i = 0; i < latents.size(0); i++) {
      long row = i;
      out.add(
          TensorScope.value(
              () -> {
                try (var noGrad = new NoGradGuard()) {
                  return Planes.raster(decode(F.slice(latents, 0, row, row + 1)));
                }
              }));
    }
    return out;
  }

  /** Latents as the denoiser has them (b, z, h, w) -> (b, 3, f h, f w), about -1..1. */
  Tensor decode(Tensor scaled) {
    Tensor z = F.scale(scaled, 1 / model.config().vae().scalingFactor());
    return settings.tiled() ? TiledDecoder.STANDARD.decode(model.vae(), z) : model.vae().decode(z);
  }

  @Override
  public void close() {
    latents.close();
    context.close();
    if (imageLatents != null) {
      imageLatents.close();
    }
    history.close();
    noises.forEach(Noise::close);
  }
}
