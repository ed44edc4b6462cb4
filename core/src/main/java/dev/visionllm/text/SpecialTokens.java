package dev.visionllm.text;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The ids of VisionLLM's special tokens, resolved by name and each checked to be one id (constants
 * DEFAULT_TOKENS of the reference).
 */
public final class SpecialTokens {
  public static final String IMAGE = "<image>";
  public static final String IMAGE_PATCH = "<im_patch>";
  public static final String REGION = "<region>";
  public static final String REGION_NAME_START = "<reg>";
  public static final String REGION_NAME_END = "</reg>";

  /** How many {@code [EMB]} tokens exist: {@code [EMB]}, {@code [EMB2]} to {@code [EMB8]}. */
  public static final int EMBS = 8;

  /** All special tokens in the order in which training adds those that are missing. */
  public static final List<String> DEFAULT_TOKENS =
      List.of(
          "[PAD]",
          "<s>",
          "</s>",
          "<unk>",
          "<image>",
          "<im_patch>",
          "<region>",
          "<img>",
          "</img>",
          "<reg>",
          "</reg>",
          "<det>",
          "</det>",
          "<grd>",
          "</grd>",
          "[DET]",
          "[GRD]",
          "[SEG]",
          "[POSE]",
          "[GEN]",
          "[EDIT]",
          "[EMB]",
          "[EMB2]",
          "[EMB3]",
          "[EMB4]",
          "[EMB5]",
          "[EMB6]",
          "[EMB7]",
          "[EMB8]");

  private final Map<String, Integer> ids;
  private final Map<RoutingToken, Integer> routing = new EnumMap<>(RoutingToken.class);
  private final Map<Integer, RoutingToken> byId = new HashMap<>();
  private final int[] embs = new int[EMBS];

  private SpecialTokens(Map<String, Integer> ids) {
    this.ids = ids;
    for (RoutingToken r : RoutingToken.values()) {
      routing.put(r, ids.get(r.text()));
      byId.put(ids.get(r.text()), r);
    }
    for (int i = 0; i < EMBS; i++) embs[i] = ids.get(embText(i));
  }

  /**
   * Looks all tokens up.
   *
   * @throws IllegalArgumentException if one is missing or is not one id
   */
  public static SpecialTokens of(Tokenizer tokenizer) {
    Map<String, Integer> ids = new HashMap<>();
    for (String token : DEFAULT_TOKENS) {
      int[] found = tokenizer.encode(token);
      if (found.length != 1 || !tokenizer.token(found[0]).equals(token)) {
        List<String> parts = new ArrayList<>();
        for (int id : found) parts.add(tokenizer.token(id));
        throw new IllegalArgumentException(
            "tokenizer does not know the special token %s: it becomes %d ids (%s) instead of one; add it to the model's added tokens"
                .formatted(token, found.length, String.join(" ", parts)));
      }
      ids.put(token, found[0]);
    }
    return new SpecialTokens(Map.copyOf(ids));
  }

  /** How the i-th embedding token is written, i from 0: {@code [EMB]}, {@code [EMB2]}, ... */
  public static String embText(int i) {
    if (i < 0 || i >= EMBS) {
      throw new IllegalArgumentException("embedding token " + i + " is not one of 0 to 7");
    }
    return i == 0 ? "[EMB]" : "[EMB" + (i + 1) + "]";
  }

  /** The id of one of {@link #DEFAULT_TOKENS}. */
  public int id(String token) {
    Integer id = ids.get(token);
    if (id == null) throw new IllegalArgumentException(token + " is not a special token");
    return id;
  }

  public int image() {
    return id(IMAGE);
  }

  public int imagePatch() {
    return id(IMAGE_PATCH);
  }

  public int region() {
    return id(REGION);
  }

  public int bos() {
    return id("<s>");
  }

  public int eos() {
    return id("</s>");
  }

  /** {@code <unk>}, which fills up batches as in the reference; [PAD] is never used for that. */
  public int padding() {
    return id("<unk>");
  }

  public int routing(RoutingToken token) {
    return routing.get(token);
  }

  /** The routing token that an id is, if it is one. */
  public Optional<RoutingToken> routing(int id) {
    return Optional.ofNullable(byId.get(id));
  }

  /** Id of the i-th embedding token, i from 0. */
  public int emb(int i) {
    embText(i);
    return embs[i];
  }

  public boolean isEmb(int id) {
    for (int e : embs) if (e == id) return true;
    return false;
  }
}
