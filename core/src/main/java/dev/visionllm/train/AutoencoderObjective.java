package dev.visionllm.train;

import dev.visionllm.data.PictureFolder;
import dev.visionllm.image.Raster;
import dev.visionllm.image.Squares;
import dev.visionllm.model.diffusion.AutoencoderKl;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Stage 0 of a picture decoder's autoencoder that has no pretrained weights: pictures come out as
 * they went in, by their mean absolute difference, while a little divergence keeps the latents, as
 * the denoiser sees them, near a standard normal. Ours, and simpler than Rombach et al. (2022):
 * neither perceptual nor adversarial. The released model starts from Stable Diffusion 1.5.
 */
final class AutoencoderObjective implements Objective<List<Raster>> {
  private static final double DIVERGENCE = 1e-3;

  private final List<Mixture.Part> parts = new ArrayList<>();
  private final List<List<Path>> files = new ArrayList<>();
  private final AutoencoderKl vae;
  private final int side;

  private AutoencoderObjective(List<Source> data, AutoencoderKl vae, int side) throws IOException {
    this.vae = vae;
    this.side = side;
    for (Source s : data) {
      if (!(s instanceof Source.Pictures)) {
        throw new IllegalArgumentException(
            "objective autoencoder learns from data of task pictures only");
      }
      List<Path> mine = new ArrayList<>();
      for (Path folder : s.folders()) {
        mine.addAll(PictureFolder.files(folder));
      }
      files.add(mine);
      parts.add(new Mixture.Part(mine.size(), s.ratio(), i -> 0));
    }
  }

  /**
   * For the one autoencoder that a recipe trains.
   *
   * @param names of the model's parameters
   * @throws IllegalArgumentException if it trains both of a model's autoencoders, or none
   */
  static AutoencoderObjective of(Recipe recipe, Decoders decoders, Set<String> names)
      throws IOException {
    boolean generates = trains(recipe, names, "sd.sd_vae.");
    if (generates == trains(recipe, names, "ip2p.sd_vae.")) {
      throw new IllegalArgumentException(
          "objective autoencoder trains either sd.sd_vae or ip2p.sd_vae, where the model has them"
              + " (use_sd, use_ip2p in config.json); the recipe's train patterns "
              + recipe.train()
              + (generates ? " match both" : " match neither"));
    }
    LatentDiffusion model = generates ? decoders.sd() : decoders.ip2p();
    int asked = generates ? recipe.painter().generation() : recipe.painter().editing();
    Path folder = recipe.model().resolve(generates ? "sd" : "ip2p");
    int side = PaintingLearner.side(asked, model.config(), folder);
    return new AutoencoderObjective(recipe.data(), model.vae(), side);
  }

  private static boolean trains(Recipe recipe, Set<String> names, String part) {
    return names.stream().anyMatch(n -> n.startsWith(part) && recipe.trains(n));
  }

  @Override
  public List<Mixture.Part> data() {
    return parts;
  }

  @Override
  public List<String> parts() {
    return List.of("reconstruction", "divergence");
  }

  @Override
  public List<Raster> load(List<Mixture.Item> items, RandomGenerator random) {
    return items.stream()
        .map(i -> Pictures.read(files.get(i.source()).get(i.index())))
        .map(p -> Squares.diffusion(p, side))
        .toList();
  }

  @Override
  public Losses losses(List<Raster> batch, RandomGenerator random) {
    Tensor pictures = PaintingLearner.planes(batch);
    AutoencoderKl.Posterior latents = vae.encode(pictures);
    Tensor noise = torch.randn(latents.mean().shape(), Tensors.options(ScalarType.Float));
    Tensor out = vae.decode(latents.sample(noise));
    return new Losses(
        Map.of(
            "reconstruction",
            out.sub(pictures).abs().mean(),
            "divergence",
            F.scale(divergence(latents), DIVERGENCE)));
  }

  /** Kullback-Leibler divergence of the scaled latents from a standard normal, mean per latent. */
  private Tensor divergence(AutoencoderKl.Posterior latents) {
    double s = vae.config().scalingFactor();
    Tensor mean = F.scale(latents.mean(), s);
    Tensor logVariance = latents.logVariance().add(new Scalar(2 * Math.log(s)));
    Tensor twice =
        mean.square().add(torch.exp(logVariance)).sub(logVariance).sub(new Scalar(1)).mean();
    return F.scale(twice, 0.5);
  }
}
