package dev.visionllm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.DynamicTest;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One golden folder: weights and tensors that the reference implementation computed, and meta.json
 * with every setting. Folders come from {@code -Dgoldens=DIR} or from the test resources.
 */
public record Golden(Path dir, JsonNode meta, SafeTensors io) {

  /** Kinds of folders that golden tests know, as patterns of folder names. */
  public enum Kind {
    CLIP_VISION("clip_vision.*"),
    INTERN_VIT("bonus_intern_vit.*"),
    INTERNLM2("bonus_internlm2.*"),
    VL_PROJECTOR("vl_projector.*"),
    REGION_ENCODER("region_encoder.*"),
    LLAMA("llama.*"),
    LORA("lora.*"),
    MLLM("mllm(?!_(det|pose|gen)).*"),
    MLLM_DET("mllm_det.*"),
    MLLM_POSE("mllm_pose.*"),
    PREPROCESSING("preprocessing.*"),
    TOKENIZER("tokenizer.*"),
    GROUNDING_DINO("grounding_dino(?!_loss).*"),
    GROUNDING_DINO_LOSS("grounding_dino_loss.*"),
    UNIPOSE("unipose(?!_loss).*"),
    UNIPOSE_LOSS("unipose_loss.*"),
    MLLM_GEN("mllm_gen.*"),
    GEN_MAPPER("gen_mapper.*"),
    SD_TEXT_ENCODER("sd_text_encoder.*"),
    SD_UNET("(sd|ip2p)_unet.*"),
    SD_VAE("sd_vae.*"),
    SD_SAMPLING("sd_sampling.*"),
    IP2P_SAMPLING("ip2p_sampling.*"),
    SD_SCHEDULERS("sd_schedulers.*"),
    DIFFUSION_LOSS("(sd|ip2p)_loss.*"),
    TRAIN_STEPS("train_steps.*"),
    COCO_EVAL("coco_eval.*"),
    VQA_ACCURACY("vqa_accuracy.*"),
    REFERRING("referring.*"),
    SEMANTIC("semantic_segmentation.*"),
    SALIENCY("sod.*"),
    INTERACTIVE("interactive_segmentation.*"),
    POSE_UNIKPT("pose_unikpt.*"),
    IMAGE_QUALITY("image_quality.*");

    final String pattern;

    Kind(String pattern) {
      this.pattern = pattern;
    }

    boolean knows(Path dir) {
      return dir.getFileName().toString().matches(pattern);
    }
  }

  /** The folder that goldens are read from. */
  public static Path root() {
    String given = System.getProperty("goldens", "");
    return given.isEmpty()
        ? Path.of("src/test/resources/goldens")
        : Path.of(given).toAbsolutePath();
  }

  /** All folders of a kind, sorted by name. */
  public static List<Path> folders(Kind kind) {
    try (Stream<Path> all = Files.list(root())) {
      return all.filter(Files::isDirectory).filter(kind::knows).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("goldens folder " + root() + " cannot be listed", e);
    }
  }

  /**
   * One dynamic test per folder of a kind; the body runs inside a tensor scope, on one thread: sums
   * of several round otherwise, and where a place that is read lies on a pixel's edge the gradient
   * jumps (1 % of the maximum for one tensor of unipose_loss_even).
   */
  public static Stream<DynamicTest> tests(Kind kind, Consumer<Golden> body) {
    return folders(kind).stream()
        .map(
            dir ->
                DynamicTest.dynamicTest(
                    dir.getFileName().toString(),
                    () -> {
                      Native.load();
                      int threads = torch.get_num_threads();
                      torch.set_num_threads(1);
                      try (var scope = TensorScope.open()) {
                        body.accept(open(dir));
                      } finally {
                        torch.set_num_threads(threads);
                      }
                    }));
  }

  /** Opens a folder with meta.json and io.safetensors. */
  public static Golden open(Path dir) {
    try {
      JsonNode meta =
          JsonMapper.builder().build().readTree(Files.readString(dir.resolve("meta.json")));
      Path io = dir.resolve("io.safetensors");
      return new Golden(dir, meta, Files.exists(io) ? SafeTensors.open(io) : null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The folder's name. */
  public String name() {
    return dir.getFileName().toString();
  }

  /** A cursor at the root of the folder's weights. */
  public Params weights() {
    try {
      return new Params(SafeTensors.open(dir.resolve("weights.safetensors")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An input or output tensor. */
  public Tensor io(String name) {
    return io.get(name);
  }

  /** Whether io has that tensor. */
  public boolean has(String name) {
    return io.has(name);
  }

  /** A setting of meta.json's "config". */
  public JsonNode config(String name) {
    JsonNode n = meta.get("config").get(name);
    if (n == null) {
      throw new IllegalArgumentException(dir + "/meta.json: config has no " + name);
    }
    return n;
  }

  /** Asserts that actual equals io's tensor of that name within atol, and prints the difference. */
  public void check(String name, Tensor actual, double atol) {
    check(name(), name, io(name), actual, atol);
  }

  /** Prints the maximum absolute and relative difference; asserts shape and absolute tolerance. */
  public static void check(String where, String name, Tensor expected, Tensor actual, double atol) {
    assertThat(actual.shape()).as("shape of " + name).isEqualTo(expected.shape());
    float[] e = Tensors.floats(expected);
    float[] a = Tensors.floats(actual);
    double abs = 0;
    double top = 0;
    for (int i = 0; i < e.length; i++) {
      boolean same = e[i] == a[i] || (Float.isNaN(e[i]) && Float.isNaN(a[i]));
      double d = same ? 0 : Math.abs((double) e[i] - a[i]);
      abs = Double.isNaN(d) ? Double.POSITIVE_INFINITY : Math.max(abs, d);
      if (Float.isFinite(e[i])) {
        top = Math.max(top, Math.abs(e[i]));
      }
    }
    System.out.printf(
        "%-32s %-36s max abs diff %.3g, relative to maximum %.3g%n",
        where, name, abs, top == 0 ? abs : abs / top);
    assertThat(abs)
        .as(where + " " + name + " maximum absolute difference")
        .isLessThanOrEqualTo(atol);
  }
}
