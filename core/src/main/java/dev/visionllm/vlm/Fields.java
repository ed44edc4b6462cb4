package dev.visionllm.vlm;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Reads one JSON object of a configuration and remembers which fields were read, so that a field
 * nobody knows is an error instead of being ignored.
 */
final class Fields {
  /** Fields that transformers writes into every config and that mean nothing to inference. */
  private static final Set<String> HARMLESS =
      Set.of(
          "architectures",
          "model_type",
          "torch_dtype",
          "dtype",
          "transformers_version",
          "_name_or_path",
          "_commit_hash",
          "use_cache",
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "attention_dropout",
          "activation_dropout",
          "initializer_range",
          "initializer_factor",
          "init_std",
          "pretraining_tp",
          "output_attentions",
          "output_hidden_states",
          "return_dict",
          "attn_implementation",
          "_attn_implementation",
          "_flash_attn_2_enabled",
          "torchscript",
          "use_bfloat16",
          "tf_legacy_loss",
          "pruned_heads",
          "is_decoder",
          "is_encoder_decoder",
          "cross_attention_hidden_size",
          "add_cross_attention",
          "tie_encoder_decoder",
          "max_length",
          "min_length",
          "do_sample",
          "early_stopping",
          "num_beams",
          "num_beam_groups",
          "diversity_penalty",
          "temperature",
          "top_k",
          "top_p",
          "typical_p",
          "repetition_penalty",
          "length_penalty",
          "no_repeat_ngram_size",
          "encoder_no_repeat_ngram_size",
          "bad_words_ids",
          "num_return_sequences",
          "chunk_size_feed_forward",
          "output_scores",
          "return_dict_in_generate",
          "forced_bos_token_id",
          "forced_eos_token_id",
          "remove_invalid_values",
          "exponential_decay_length_penalty",
          "suppress_tokens",
          "begin_suppress_tokens",
          "finetuning_task",
          "id2label",
          "label2id",
          "tokenizer_class",
          "prefix",
          "sep_token_id",
          "decoder_start_token_id",
          "task_specific_params",
          "problem_type",
          "dropout",
          "hidden_dropout_prob",
          "projection_dim",
          "attention_probs_dropout_prob",
          "drop_path_rate",
          "path_norm",
          "encoder_stride",
          "text_backbone_config",
          "out_indices",
          "stage_names",
          "backbone_kwargs",
          "auxiliary_loss",
          "disable_custom_kernels");

  private final JsonNode node;
  private final String where;
  private final Set<String> read = new HashSet<>();

  Fields(JsonNode node, String where) {
    if (node == null || !node.isObject()) {
      throw new IllegalArgumentException(where + " should be a JSON object");
    }
    this.node = node;
    this.where = where;
  }

  /** The object below a field, which must exist. */
  Fields at(String name) {
    read.add(name);
    if (!has(name)) {
      throw new IllegalArgumentException(where + ": field \"" + name + "\" is missing");
    }
    return new Fields(node.get(name), where + "." + name);
  }

  boolean has(String name) {
    read.add(name);
    return node.has(name) && !node.get(name).isNull();
  }

  int integer(String name, Integer otherwise) {
    JsonNode n = get(name, otherwise);
    if (n == null) {
      return otherwise;
    }
    if (!n.isIntegralNumber() || !n.canConvertToInt()) {
      throw wrong(name, n, "a whole number");
    }
    return n.asInt();
  }

  double number(String name, Double otherwise) {
    JsonNode n = get(name, otherwise);
    if (n == null) {
      return otherwise;
    }
    if (!n.isNumber()) {
      throw wrong(name, n, "a number");
    }
    return n.asDouble();
  }

  boolean flag(String name, Boolean otherwise) {
    JsonNode n = get(name, otherwise);
    if (n == null) {
      return otherwise;
    }
    if (!n.isBoolean()) {
      throw wrong(name, n, "true or false");
    }
    return n.asBoolean();
  }

  String text(String name, String otherwise) {
    JsonNode n = get(name, otherwise);
    if (n == null) {
      return otherwise;
    }
    if (!n.isString()) {
      throw wrong(name, n, "a string");
    }
    return n.asString();
  }

  /** A text that is one of two. @param usual where the field is missing */
  String either(String name, String usual, String other) {
    String found = text(name, usual);
    if (!found.equals(usual) && !found.equals(other)) {
      throw wrong(name, get(name, usual), usual + " or " + other);
    }
    return found;
  }

  List<Integer> integers(String name, List<Integer> otherwise) {
    JsonNode n = get(name, otherwise);
    if (n == null) {
      return otherwise;
    }
    if (!n.isArray()) {
      throw wrong(name, n, "a list of whole numbers");
    }
    List<Integer> out = new ArrayList<>();
    for (JsonNode e : n) {
      if (!e.isIntegralNumber() || !e.canConvertToInt()) {
        throw wrong(name, n, "a list of whole numbers");
      }
      out.add(e.asInt());
    }
    return out;
  }

  /** A list of strings, which must exist. */
  List<String> texts(String name) {
    JsonNode n = get(name, null);
    List<String> out = new ArrayList<>();
    if (n.isArray()) {
      n.forEach(e -> out.add(e.isString() ? e.asString() : null));
    }
    if (!n.isArray() || out.contains(null)) {
      throw wrong(name, n, "a list of strings");
    }
    return out;
  }

  /**
   * Refuses a value that asks for something else than what is computed; a missing field is fine.
   *
   * @param computed the only value that is supported, text, a whole number or a boolean
   */
  Fields only(String name, Object computed) {
    if (has(name)) {
      JsonNode n = node.get(name);
      if (!(n.isString() ? n.asString() : n.toString()).equals(computed.toString())) {
        throw wrong(name, n, computed + ", the only value that this version computes");
      }
    }
    return this;
  }

  /**
   * Which network the object describes, by "model_type" or, where that is missing, the first of
   * "architectures"; the first known one if it says neither.
   *
   * @param known the class that a network bears in "architectures", by its "model_type"
   */
  String network(Map<String, String> known) {
    if (has("model_type")) {
      String type = text("model_type", null);
      if (!known.containsKey(type)) {
        throw wrong("model_type", "one of " + known.keySet());
      }
      return type;
    }
    if (has("architectures") && !node.get("architectures").isEmpty()) {
      String first = texts("architectures").get(0);
      for (Map.Entry<String, String> e : known.entrySet()) {
        if (e.getValue().equals(first)) {
          return e.getKey();
        }
      }
      throw wrong("architectures", "one of " + known.values());
    }
    return known.keySet().iterator().next();
  }

  /** Refuses fields that ask for something that is not computed at all. */
  Fields absent(String... names) {
    for (String name : names) {
      if (has(name)) {
        throw new IllegalArgumentException(
            where + ": field \"" + name + "\" is set, which this version does not compute");
      }
    }
    return this;
  }

  /** An error about a field. @param should what it should be, or do */
  IllegalArgumentException wrong(String name, String should) {
    return wrong(name, node.get(name), should);
  }

  /** Marks fields as known without reading them. */
  Fields knows(String... names) {
    read.addAll(List.of(names));
    return this;
  }

  /** Ends the reading. @throws IllegalArgumentException if a field is left that nobody knows */
  void done() {
    for (String name : node.propertyNames()) {
      if (!read.contains(name) && !HARMLESS.contains(name)) {
        throw new IllegalArgumentException(
            where + ": field \"" + name + "\" is not known: correct its name or remove it");
      }
    }
  }

  private JsonNode get(String name, Object otherwise) {
    if (!has(name)) {
      if (otherwise == null) {
        throw new IllegalArgumentException(where + ": field \"" + name + "\" is missing");
      }
      return null;
    }
    return node.get(name);
  }

  private IllegalArgumentException wrong(String name, JsonNode is, String should) {
    return new IllegalArgumentException(
        where + ": field \"" + name + "\" is " + is + ", should be " + should);
  }
}
