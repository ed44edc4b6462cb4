package dev.visionllm.vlm;

import dev.visionllm.image.Raster;
import dev.visionllm.model.diffusion.Denoising;
import dev.visionllm.model.diffusion.InstructPix2Pix;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.diffusion.Settings;
import dev.visionllm.model.diffusion.TextToImage;
import dev.visionllm.nn.Params;
import dev.visionllm.result.Picture;
import dev.visionllm.text.ClipTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes pictures, or changes one.
 *
 * @param words encodes negative prompts
 * @param defaults how pictures are made unless the caller says otherwise
 */
record Painter(LatentDiffusion model, ClipTokenizer words, Settings defaults) {
  /**
   * Reads CLIP's tokenizer, and the schedule and size of pictures that the model was trained on.
   *
   * @param p cursor at {@code sd} or {@code ip2p}
   * @param guidance the model's own
   * @param folder of diffusers' configs and the tokenizer; without the configs the release's
   *     settings are taken
   */
  static Painter of(
      Params p, LatentDiffusion.Config c, VisionLlmConfig.Guidance guidance, Path folder) {
    Settings defaults =
        c.edits()
            ? Settings.EDIT.guided(guidance.editing(), guidance.picture())
            : Settings.GENERATE.guided(guidance.generation(), Settings.GENERATE.imageGuidance());
    try {
      ClipTokenizer words = ClipTokenizer.read(folder.resolve("tokenizer"));
      if (Files.isDirectory(folder.resolve("unet"))) {
        int side = DiffusersConfig.sampleSize(folder) * c.vae().pixelsPerLatent();
        defaults = defaults.sized(side, side).scheduled(DiffusersConfig.schedule(folder));
      }
      return new Painter(new LatentDiffusion(p, c), words, defaults);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts a run.
   *
   * @param call of [GEN] or [EDIT]
   * @param picture to change; not read where pictures are made
   * @param negative what is to be avoided, or empty
   */
  Denoising start(Call call, Raster picture, String negative, Settings settings) {
    var states = call.states().unsqueeze(0);
    int[] not = words.encode(negative, model.config().mapper().queries());
    return model.config().edits()
        ? new InstructPix2Pix(model).start(picture, states, not, settings)
        : new TextToImage(model).start(states, not, settings);
  }

  /** The model's own settings for a picture like the given one, or for a new one. */
  Settings settings(Raster picture, long seed) {
    Settings s = defaults.seeded(seed);
    int levels = model.config().unet().channels().size();
    int multiple = model.config().vae().pixelsPerLatent() << (levels - 1);
    return picture == null ? s : s.sizedLike(picture, s.width(), multiple);
  }

  /** Takes all steps. @param name of the model */
  static List<Picture> finish(Denoising run, String request, Settings settings, String name) {
    List<Picture> out = new ArrayList<>();
    for (Raster r : run.finish()) {
      out.add(
          new Picture(
              request, r.toBufferedImage(), settings.provenance(request, "", name, out.size())));
    }
    return out;
  }
}
