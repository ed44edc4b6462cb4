package dev.visionllm.vlm;

import dev.visionllm.model.unipose.PoseGroups;
import dev.visionllm.model.unipose.Swin;
import dev.visionllm.model.unipose.UniPose;
import java.util.List;

/**
 * Reads "unipose_config": the settings of X-Pose that the reference's UniPoseConfig holds. Fields
 * of this project's own say what the reference fixes in its code: "backbone_config" for a backbone
 * without a name, "pose_groups" (50) and "pose_layout" ("reference" or "whole").
 */
final class UniPoseFields {
  private static final int POSES = 50;

  private UniPoseFields() {}

  /**
   * @param textHidden hidden size of the language model
   */
  static UniPose.Config read(Fields f, int textHidden) {
    training(f);
    fixed(f);
    Swin.Config backbone = f.has("backbone_config") ? own(f.at("backbone_config")) : named(f);
    int hidden = f.integer("hidden_dim", 256);
    double temperature = f.number("pe_temperatureH", 20.0);
    if (temperature != f.number("pe_temperatureW", 20.0)) {
      throw f.wrong("pe_temperatureW", "the same as pe_temperatureH, " + temperature);
    }
    if (f.integer("l_hidden_size", textHidden) != textHidden) {
      throw f.wrong("l_hidden_size", "llm_config's hidden_size, " + textHidden);
    }
    PoseGroups groups =
        new PoseGroups(
            f.integer("pose_groups", POSES), f.integer("num_body_points", 68), layout(f));
    UniPose.Config c =
        new UniPose.Config(
            backbone,
            hidden,
            f.integer("num_queries", 900),
            f.integer("enc_layers", 6),
            f.integer("dec_layers", 6),
            f.integer("num_box_decoder_layers", 2),
            f.integer("dim_feedforward", 2048),
            f.integer("nheads", 8),
            f.integer("enc_n_points", 4),
            f.integer("dec_n_points", 4),
            f.integer("num_feature_levels", 4),
            groups,
            textHidden,
            f.flag("dec_pred_bbox_embed_share", true),
            temperature,
            f.number("dropout", 0.0),
            f.number("fusion_droppath", 0.1));
    f.done();
    return c;
  }

  /** The backbones that X-Pose builds by name. */
  private static Swin.Config named(Fields f) {
    String name = f.text("backbone", "swin_T_224_1k");
    return switch (name) {
      case "swin_T_224_1k" -> Swin.Config.TINY;
      case "swin_B_224_22k" -> large(128, List.of(4, 8, 16, 32), 7);
      case "swin_B_384_22k" -> large(128, List.of(4, 8, 16, 32), 12);
      case "swin_L_224_22k" -> large(192, List.of(6, 12, 24, 48), 7);
      case "swin_L_384_22k" -> large(192, List.of(6, 12, 24, 48), 12);
      default -> throw f.wrong("backbone", "a Swin transformer such as swin_T_224_1k");
    };
  }

  private static Swin.Config large(int embed, List<Integer> heads, int window) {
    return new Swin.Config(4, embed, List.of(2, 2, 18, 2), heads, window, 4, 0.2);
  }

  private static Swin.Config own(Fields b) {
    Swin.Config tiny = Swin.Config.TINY;
    b.knows("pretrain_img_size");
    Swin.Config c =
        new Swin.Config(
            b.integer("patch_size", tiny.patch()),
            b.integer("embed_dim", tiny.embed()),
            b.integers("depths", tiny.depths()),
            b.integers("num_heads", tiny.heads()),
            b.integer("window_size", tiny.window()),
            b.number("mlp_ratio", tiny.mlpRatio()),
            b.number("drop_path_rate", tiny.dropPath()));
    b.done();
    return c;
  }

  private static PoseGroups.Layout layout(Fields f) {
    String name = f.text("pose_layout", "reference");
    return switch (name) {
      case "reference" -> PoseGroups.Layout.REFERENCE;
      case "whole" -> PoseGroups.Layout.WHOLE;
      default -> throw f.wrong("pose_layout", "\"reference\" or \"whole\"");
    };
  }

  /** Structure that is computed in one way only. */
  private static void fixed(Fields f) {
    f.only("position_embedding", "sine").only("return_interm_indices", "[1,2,3]");
    f.only("query_dim", 4).only("pre_norm", false).only("transformer_activation", "relu");
    f.only("num_patterns", 0).only("unic_layers", 0).only("dilation", false);
    f.only("two_stage_type", "standard").only("two_stage_learn_wh", false);
    f.only("two_stage_pat_embed", 0).only("two_stage_add_query_num", 0);
    f.only("two_stage_bbox_embed_share", false).only("two_stage_class_embed_share", false);
    f.only("two_stage_keep_all_tokens", false).only("binary_query_selection", false);
    f.only("decoder_sa_type", "sa").only("decoder_module_seq", "[\"sa\",\"ca\",\"ffn\"]");
    f.only("embed_init_tgt", true).only("dec_pred_class_embed_share", true);
    f.only("use_text_enhancer", true).only("use_fusion_layer", true);
    f.only("use_text_cross_attention", true).only("use_deformable_box_attn", false);
    f.only("add_channel_attention", false).only("add_pos_value", false);
    f.only("random_refpoints_xy", false).only("fix_refpoints_hw", -1);
    f.only("decoder_layer_noise", false).only("ffn_extra_layernorm", false);
    f.only("masks", false).only("use_detached_boxes_dec_out", false);
    f.absent("dec_layer_number");
    f.knows("box_attn_type", "two_stage_default_hw", "batch_norm_type", "use_label_enc");
    f.knows("num_classes", "sub_sentence_present", "max_text_len", "num_embs", "num_select");
    f.knows("backbone", "modelname", "text_encoder_type", "nms_iou_threshold", "fix_size");
    f.knows("pdetr3_bbox_embed_diff_each_layer", "pdetr3_refHW", "dabdetr_deformable_encoder");
    f.knows("dabdetr_yolo_like_anchor_update", "dabdetr_deformable_decoder");
    f.knows("dln_xy_noise", "dln_hw_noise"); // of decoder_layer_noise
  }

  /** What only training reads, here or in X-Pose. */
  private static void training(Fields f) {
    f.knows("use_cdn", "use_dn", "dn_number", "dn_box_noise_scale", "dn_label_noise_ratio");
    f.knows("dn_labelbook_size", "dn_label_coef", "dn_bbox_coef", "match_unstable_error");
    f.knows("aux_loss", "matcher_type", "focal_alpha", "text_dropout", "fusion_dropout");
    f.knows("set_cost_class", "set_cost_bbox", "set_cost_giou", "set_cost_keypoint");
    f.knows("set_cost_oks", "cls_loss_coef", "bbox_loss_coef", "giou_loss_coef");
    f.knows("keypoint_loss_coef", "oks_loss_coef", "backbone_freeze_keywords");
    f.knows("use_checkpoint", "use_transformer_ckpt", "frozen_weights", "backbone_load_path");
    f.knows("lr", "lr_backbone", "lr_backbone_names", "lr_linear_proj_names", "lr_drop");
    f.knows("lr_linear_proj_mult", "ddetr_lr_param", "param_dict_type", "batch_size", "epochs");
    f.knows("weight_decay", "save_checkpoint_interval", "clip_max_norm", "onecyclelr");
    f.knows("multi_step_lr", "lr_drop_list", "use_ema", "ema_decay", "ema_epoch", "shuffle_type");
    f.knows("data_aug_scales", "data_aug_max_size", "data_aug_scales2_resize");
    f.knows("data_aug_scales2_crop", "data_aug_scale_overlap");
  }
}
