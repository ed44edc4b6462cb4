package dev.visionllm.vlm;

import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Tiles;
import dev.visionllm.model.diffusion.ConditionMapper;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.diffusion.Settings;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.gdino.Swin;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.text.Conversation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A model's config.json: the fields of the reference's VisionLLMv2Config, and "preprocess", which
 * holds what the reference takes from its scripts' arguments. Where "preprocess" is missing the
 * released model's values are taken. Sizes of the diffusion networks are not in config.json: they
 * are those of the named Stable Diffusion, or come from the folder's sd/ and ip2p/ (unet/, vae/,
 * text_encoder/ and scheduler/ with diffusers' configs).
 *
 * @param multimodal everything up to the language model
 * @param gdino the detector, or null
 * @param unipose the pose estimator, or null
 * @param sd image generation, or null
 * @param ip2p image editing, or null
 * @param tiles how pictures are cut for the image encoder
 * @param detector how pictures are resized for the detector
 * @param poseDetector the same for the pose estimator, which has a rule of its own
 * @param conversation prompt format
 * @param threshold least score of a reported detection
 * @param overlap IoU with a better box of its class above which a detection is the same object
 *     found again, and left out; 1 keeps all, as the reference does
 * @param classesPerPrompt most class names that one guided prompt holds
 * @param guidance how strongly pictures follow what was asked for
 */
public record VisionLlmConfig(
    Multimodal.Config multimodal,
    GroundingDino.Config gdino,
    UniPose.Config unipose,
    LatentDiffusion.Config sd,
    LatentDiffusion.Config ip2p,
    Tiles tiles,
    DetectorResize detector,
    DetectorResize poseDetector,
    Conversation conversation,
    double threshold,
    double overlap,
    int classesPerPrompt,
    Guidance guidance) {
  /**
   * How strongly pictures follow what was asked for, unless a request says otherwise; small models
   * take less than the reference's.
   *
   * @param generation of words, when a picture is made
   * @param editing of words, when one is changed
   * @param picture of the picture that is changed
   */
  public record Guidance(double generation, double editing, double picture) {
    /** The reference's. */
    public static final Guidance REFERENCE =
        new Guidance(
            Settings.GENERATE.guidance(), Settings.EDIT.guidance(), Settings.EDIT.imageGuidance());

    /** Refuses what {@link Settings} refuses. */
    public Guidance {
      Settings.GENERATE.guided(generation, picture);
      Settings.EDIT.guided(editing, picture);
    }
  }

  /** Refuses values without a meaning, and parts that do not fit together. */
  public VisionLlmConfig {
    fits("sd_config", sd, false, multimodal);
    fits("ip2p_config", ip2p, true, multimodal);
    if (!(threshold >= 0 && threshold <= 1)
        || !(overlap >= 0 && overlap <= 1)
        || classesPerPrompt < 1) {
      throw new IllegalArgumentException(
          "config.json: detection_threshold is %s and detection_overlap %s, both should be 0 to 1;"
                  .formatted(threshold, overlap)
              + " classes_per_prompt is "
              + classesPerPrompt
              + ", should be at least 1");
    }
  }

  private static void fits(
      String name, LatentDiffusion.Config c, boolean edits, Multimodal.Config m) {
    if (c != null && c.edits() != edits) {
      throw new IllegalArgumentException(
          "config.json: " + name + " is of a UNet that " + (edits ? "does not edit" : "edits"));
    }
    if (c != null
        && (c.mapper().llmHidden() != m.llm().hidden()
            || c.mapper().states() != m.generationQueries())) {
      throw new IllegalArgumentException(
          "config.json: "
              + name
              + " has llm_hidden_size "
              + c.mapper().llmHidden()
              + " and num_embed_tokens "
              + c.mapper().states()
              + ", should be "
              + m.llm().hidden()
              + " (hidden_size of llm_config) and "
              + m.generationQueries()
              + " (num_embs_gen)");
    }
  }

  /** Reads config.json of a model folder. @throws IllegalArgumentException naming the field */
  public static VisionLlmConfig read(Path modelDir) throws IOException {
    return read(modelDir, Map.of());
  }

  /** The same with other settings, by name; objects are merged with those that are there. */
  public static VisionLlmConfig read(Path modelDir, Map<String, Object> settings)
      throws IOException {
    Path file = modelDir.resolve("config.json");
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          "model folder "
              + modelDir
              + " has no config.json: give a folder with config.json,"
              + " tokenizer files and *.safetensors");
    }
    try {
      JsonNode json = JsonMapper.builder().build().readTree(Files.readString(file));
      return of(ModelFolder.merge(json, settings), file.toString(), modelDir);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          file + " is not JSON: " + e.getOriginalMessage().lines().findFirst().orElse(""), e);
    }
  }

  /** Reads a parsed config without a folder. @param where names it in errors */
  public static VisionLlmConfig of(JsonNode json, String where) {
    try {
      return of(json, where, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // there is no folder to read
    }
  }

  private static VisionLlmConfig of(JsonNode json, String where, Path folder) throws IOException {
    Fields f = new Fields(json, where);
    f.knows("pretrained_vl_bridge", "use_llm_lora"); // the weights' names tell what is to be merged
    Multimodal.Config multimodal =
        new Multimodal.Config(
            BackboneFields.vision(f.at("vis_encoder_config")),
            f.text("vl_bridge_type", "mlp2x_gelu"),
            f.flag("use_pixelshuffle", false),
            f.integer("vis_output_layer", -2),
            f.flag("use_region_encoder", false) ? f.integer("region_hidden_dim", 256) : 0,
            BackboneFields.llm(f.at("llm_config")),
            f.integer("num_embs", 4),
            f.flag("share_embs", false), // ours
            f.integer("num_embs_gen", 64));
    GroundingDino.Config gdino =
        f.flag("use_gdino", false) ? gdino(f.at("gdino_config"), multimodal.llm().hidden()) : null;
    UniPose.Config unipose =
        f.flag("use_unipose", false)
            ? UniPoseFields.read(f.at("unipose_config"), multimodal.llm().hidden())
            : null;
    LatentDiffusion.Config sd =
        f.flag("use_sd", false)
            ? diffusion(json, where, "sd", LatentDiffusion.Config.GENERATION, folder)
            : null;
    LatentDiffusion.Config ip2p =
        f.flag("use_ip2p", false)
            ? diffusion(json, where, "ip2p", LatentDiffusion.Config.EDITING, folder)
            : null;
    f.knows("gdino_config", "unipose_config", "sd_config", "ip2p_config", "region_hidden_dim");
    Tiles tiles = new Tiles(Tiles.Mode.ANYRES, multimodal.vision().size(), 4);
    DetectorResize detector = DetectorResize.GROUNDING_DINO;
    DetectorResize pose = pose(detector.shortSide(), detector.longSide());
    Conversation conversation = Conversation.named("vicuna_v1");
    double threshold = 0.3;
    double overlap = 1;
    int classesPerPrompt = 80; // COCO's, which the reference asks for at once
    Guidance guidance = Guidance.REFERENCE;
    if (f.has("preprocess")) {
      Fields p = f.at("preprocess");
      tiles =
          new Tiles(
              mode(p.text("image_aspect_ratio", "anyres")),
              multimodal.vision().size(),
              p.integer("max_tiles", 4));
      detector =
          new DetectorResize(
              DetectorResize.Rule.MMCV,
              p.integer("detector_short_side", 800),
              p.integer("detector_long_side", 1333));
      pose =
          pose(
              p.integer("pose_short_side", detector.shortSide()),
              p.integer("pose_long_side", detector.longSide()));
      conversation = Conversation.named(p.text("conversation", "vicuna_v1"));
      threshold = p.number("detection_threshold", threshold);
      overlap = p.number("detection_overlap", overlap);
      classesPerPrompt = p.integer("classes_per_prompt", classesPerPrompt);
      guidance =
          new Guidance(
              p.number("generation_guidance", guidance.generation()),
              p.number("editing_guidance", guidance.editing()),
              p.number("editing_image_guidance", guidance.picture()));
      p.done();
    }
    f.done();
    return new VisionLlmConfig(
        multimodal,
        gdino,
        unipose,
        sd,
        ip2p,
        tiles,
        detector,
        pose,
        conversation,
        threshold,
        overlap,
        classesPerPrompt,
        guidance);
  }

  /**
   * @param name of the part, and of the folder in the model folder that holds its networks' configs
   * @param released sizes where there is no such folder and the named model is the release's
   */
  private static LatentDiffusion.Config diffusion(
      JsonNode json, String where, String name, LatentDiffusion.Config released, Path folder)
      throws IOException {
    String field = name + "_config";
    if (!json.has(field) || json.get(field).isNull()) {
      throw new IllegalArgumentException(where + ": field \"" + field + "\" is missing");
    }
    ConditionMapper.Config mapper = DiffusersConfig.mapper(json.get(field), where + "." + field);
    if (folder != null && Files.isDirectory(folder.resolve(name))) {
      return DiffusersConfig.read(folder.resolve(name), mapper);
    }
    String own = released.edits() ? "instruct-pix2pix" : "stable-diffusion-v1-5";
    Fields f = new Fields(json.get(field), where + "." + field);
    if (!f.text("sd_model_id", own).replaceAll(".*[/\\\\]", "").equals(own)) {
      throw f.wrong(
          "sd_model_id",
          own
              + ", or the model folder should have "
              + name
              + "/ with that model's unet, vae, text_encoder and scheduler configs");
    }
    return new LatentDiffusion.Config(
        mapper, released.text(), released.vae(), released.unet(), released.levels());
  }

  private static DetectorResize pose(int shortSide, int longSide) {
    return new DetectorResize(DetectorResize.Rule.TORCHVISION, shortSide, longSide);
  }

  private static Tiles.Mode mode(String name) {
    for (Tiles.Mode m : Tiles.Mode.values()) {
      if (m.name().toLowerCase(Locale.ROOT).equals(name)) {
        return m;
      }
    }
    throw new IllegalArgumentException(
        "config.json: image_aspect_ratio is \""
            + name
            + "\", should be one of "
            + Arrays.toString(Tiles.Mode.values()).toLowerCase(Locale.ROOT));
  }

  private static GroundingDino.Config gdino(Fields f, int textHidden) {
    if (f.integer("l_hidden_size", textHidden) != textHidden) {
      throw f.wrong("l_hidden_size", "llm_config's hidden_size, " + textHidden);
    }
    Fields b = f.at("backbone_config");
    b.knows("image_size", "out_features", "hidden_size", "num_layers");
    b.only("num_channels", 3).only("hidden_act", "gelu").only("qkv_bias", true);
    b.only("use_absolute_embeddings", false);
    Swin.Config swin =
        new Swin.Config(
            b.integer("patch_size", 4),
            b.integer("embed_dim", 96),
            b.integers("depths", List.of(2, 2, 6, 2)),
            b.integers("num_heads", List.of(3, 6, 12, 24)),
            b.integer("window_size", 7),
            b.number("mlp_ratio", 4.0),
            b.number("layer_norm_eps", 1e-5),
            b.number("drop_path_rate", 0.1));
    b.done();
    f.knows(
        "class_cost",
        "bbox_cost",
        "box_cost",
        "giou_cost",
        "dice_cost",
        "mask_cost",
        "class_weight",
        "box_weight",
        "giou_weight",
        "dice_weight",
        "mask_weight",
        "bbox_loss_coefficient",
        "giou_loss_coefficient",
        "focal_alpha",
        "num_embs",
        "text_enhancer_dropout",
        "fusion_dropout",
        "layer_norm_eps",
        "use_pretrained_backbone",
        "text_config");
    f.absent("backbone").only("decoder_cls_embed_share", true);
    f.only("two_stage", true).only("embedding_init_target", true);
    f.only("two_stage_bbox_embed_share", false).only("activation_function", "relu");
    f.only("norm", "GN").only("query_dim", 4).only("position_embedding_type", "sine");
    f.only("use_timm_backbone", false);
    GroundingDino.Config c =
        new GroundingDino.Config(
            swin,
            f.integer("d_model", 256),
            f.integer("num_queries", 900),
            f.integer("encoder_layers", 6),
            f.integer("encoder_ffn_dim", 2048),
            f.integer("encoder_attention_heads", 8),
            f.integer("encoder_n_points", 4),
            f.integer("decoder_layers", 6),
            f.integer("decoder_ffn_dim", 2048),
            f.integer("decoder_attention_heads", 8),
            f.integer("decoder_n_points", 4),
            f.integer("num_feature_levels", 4),
            f.integer("max_text_len", 256),
            textHidden,
            f.flag("use_masks", true),
            f.integer("mask_dim", 256),
            f.flag("decoder_bbox_embed_share", true),
            f.number("positional_embedding_temperature", 20.0),
            f.number("dropout", 0.1),
            f.number("fusion_droppath", 0.1));
    f.done();
    return c;
  }
}
