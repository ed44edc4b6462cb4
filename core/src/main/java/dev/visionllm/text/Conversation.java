package dev.visionllm.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a conversation is laid out as one text for the language model (conversation.py of the
 * reference).
 *
 * @param system the text before the first turn
 * @param examples turns that always come first and are never supervised
 * @param separator after the system text and the user's words
 * @param separator2 after the assistant's words in the styles TWO and LLAMA_2, otherwise empty
 * @param stop more strings at which an answer ends
 * @param stopIds ids at which an answer ends, besides EOS
 */
public record Conversation(
    String name,
    String system,
    String user,
    String assistant,
    List<Turn> examples,
    Style style,
    String separator,
    String separator2,
    List<String> stop,
    List<Integer> stopIds) {

  /** Where separators and roles go. */
  public enum Style {
    SINGLE,
    TWO,
    MPT,
    LLAMA_2,
    PLAIN
  }

  /** A question and its answer. */
  public record Turn(String question, String answer) {}

  /** Chars [start, end) of a text. */
  public record Span(int start, int end) {}

  /**
   * A conversation laid out.
   *
   * @param answers the assistant's words in text, each with the separator that ends it
   * @param oneChunk whether text is tokenised at once instead of split at {@code <image>}; the
   *     reference does so in the style PLAIN, where it makes a difference for legacy = false
   */
  public record Text(String text, List<Span> answers, boolean oneChunk) {
    public Text {
      answers = List.copyOf(answers);
    }
  }

  public Conversation {
    examples = List.copyOf(examples);
    stop = List.copyOf(stop);
    stopIds = List.copyOf(stopIds);
  }

  private static final String POLITE =
      " The assistant gives helpful, detailed, and polite answers to the %s's questions.";
  private static final String HUMAN =
      "A chat between a curious human and an artificial intelligence assistant."
          + POLITE.formatted("human");
  private static final String USER =
      "A chat between a curious user and an artificial intelligence assistant."
          + POLITE.formatted("user");
  private static final String MMTAG =
      "A chat between a curious user and an artificial intelligence assistant. The assistant is"
          + " able to understand the visual content that the user provides, and assist the user"
          + " with a variety of tasks using natural language.The visual content will be provided"
          + " with the following format: <Image>visual content</Image>.";
  private static final String LLAMA_2_SYSTEM =
      "You are a helpful, respectful and honest assistant. Always answer as helpfully as"
          + " possible, while being safe.  Your answers should not include any harmful, unethical,"
          + " racist, sexist, toxic, dangerous, or illegal content. Please ensure that your"
          + " responses are socially unbiased and positive in nature.\n\nIf a question does not"
          + " make any sense, or is not factually coherent, explain why instead of answering"
          + " something not correct. If you don't know the answer to a question, please don't share"
          + " false information.";
  private static final String LLAVA_LLAMA_2_SYSTEM =
      "You are a helpful language and vision assistant. You are able to understand the visual"
          + " content that the user provides, and assist the user with a variety of tasks using"
          + " natural language.";
  private static final Turn ENERGY =
      new Turn(
          "What are the key differences between renewable and non-renewable energy sources?",
          "Renewable energy sources are those that can be replenished naturally in a relatively"
              + " short amount of time, such as solar, wind, hydro, geothermal, and biomass."
              + " Non-renewable energy sources, on the other hand, are finite and will eventually"
              + " be depleted, such as coal, oil, and natural gas. Here are some key differences"
              + " between renewable and non-renewable energy sources:\n"
              + "1. Availability: Renewable energy sources are virtually inexhaustible, while"
              + " non-renewable energy sources are finite and will eventually run out.\n"
              + "2. Environmental impact: Renewable energy sources have a much lower environmental"
              + " impact than non-renewable sources, which can lead to air and water pollution,"
              + " greenhouse gas emissions, and other negative effects.\n"
              + "3. Cost: Renewable energy sources can be more expensive to initially set up, but"
              + " they typically have lower operational costs than non-renewable sources.\n"
              + "4. Reliability: Renewable energy sources are often more reliable and can be used"
              + " in more remote locations than non-renewable sources.\n"
              + "5. Flexibility: Renewable energy sources are often more flexible and can be"
              + " adapted to different situations and needs, while non-renewable sources are more"
              + " rigid and inflexible.\n"
              + "6. Sustainability: Renewable energy sources are more sustainable over the long"
              + " term, while non-renewable sources are not, and their depletion can lead to"
              + " economic and social instability.\n");
  private static final String IM_START = "<|im_start|>";

  private static final Map<String, Conversation> ALL = all();

  private static Map<String, Conversation> all() {
    Map<String, Conversation> m = new TreeMap<>();
    for (String n : List.of("default", "v0")) m.put(n, single(n, HUMAN, List.of(ENERGY)));
    m.put(
        "llava_v0",
        single("llava_v0", HUMAN, List.of(new Turn("Hi!", "Hi there! How can I help you today?"))));
    m.put("v0_mmtag", single("v0_mmtag", MMTAG, List.of()));
    for (String n : List.of("v1", "vicuna_v1")) m.put(n, two(n, USER));
    m.put("llava_v1", two("llava_v1", HUMAN));
    m.put("v1_mmtag", two("v1_mmtag", MMTAG));
    m.put("llama_2", llama2("llama_2", LLAMA_2_SYSTEM));
    m.put("llava_llama_2", llama2("llava_llama_2", LLAVA_LLAMA_2_SYSTEM));
    for (String n : List.of("plain", "v0_plain")) {
      m.put(
          n,
          new Conversation(n, "", "", "", List.of(), Style.PLAIN, "\n", "", List.of(), List.of()));
    }
    m.put(
        "mpt",
        mpt(
            "mpt",
            "A conversation between a user and an LLM-based AI assistant. The assistant gives"
                + " helpful and honest answers.",
            List.of(),
            List.of()));
    m.put(
        "internlm2_chat",
        mpt(
            "internlm2_chat",
            "You are an AI assistant whose name is InternLM (\u4e66\u751f\u00b7\u6d66\u8bed).",
            List.of("<|endoftext|>"),
            List.of(2, 92541, 92542, 92543, 92540)));
    return m;
  }

  private static Conversation single(String name, String system, List<Turn> examples) {
    return new Conversation(
        name,
        system,
        "Human",
        "Assistant",
        examples,
        Style.SINGLE,
        "###",
        "",
        List.of(),
        List.of());
  }

  private static Conversation two(String name, String system) {
    return new Conversation(
        name, system, "USER", "ASSISTANT", List.of(), Style.TWO, " ", "</s>", List.of(), List.of());
  }

  private static Conversation llama2(String name, String system) {
    return new Conversation(
        name,
        system,
        "USER",
        "ASSISTANT",
        List.of(),
        Style.LLAMA_2,
        "<s>",
        "</s>",
        List.of(),
        List.of());
  }

  private static Conversation mpt(
      String name, String system, List<String> stop, List<Integer> stopIds) {
    return new Conversation(
        name,
        IM_START + "system\n" + system,
        IM_START + "user\n",
        IM_START + "assistant\n",
        List.of(),
        Style.MPT,
        "<|im_end|>",
        "",
        stop,
        stopIds);
  }

  /**
   * The template of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Conversation named(String name) {
    Conversation c = ALL.get(name);
    if (c == null) {
      throw new IllegalArgumentException(
          "conversation template '" + name + "' is unknown; known are " + names());
    }
    return c;
  }

  /** All names, sorted. */
  public static List<String> names() {
    return List.copyOf(ALL.keySet());
  }

  /** The same template with another system text. */
  public Conversation withSystem(String text) {
    return new Conversation(
        name, text, user, assistant, examples, style, separator, separator2, stop, stopIds);
  }

  /** Strings at which a generated answer ends. */
  public List<String> stopStrings() {
    List<String> all = new ArrayList<>();
    all.add(
        switch (style) {
          case SINGLE, MPT, PLAIN -> separator;
          case TWO, LLAMA_2 -> separator2;
        });
    all.addAll(stop);
    return all;
  }

  /** A finished conversation, for training or scoring. */
  public Text full(List<Turn> turns) {
    return layOut(turns, null);
  }

  /** A conversation that ends where the assistant has to speak. */
  public Text prompt(List<Turn> history, String question) {
    return layOut(history, question);
  }

  private Text layOut(List<Turn> turns, String question) {
    StringBuilder out = new StringBuilder();
    List<Span> answers = new ArrayList<>();
    switch (style) {
      case SINGLE, TWO, MPT -> out.append(system).append(separator);
      case PLAIN -> out.append(system);
      case LLAMA_2 -> {}
    }
    boolean first = true;
    for (Turn t : examples) {
      ask(out, t.question(), first);
      answer(out, t.answer());
      first = false;
    }
    for (Turn t : turns) {
      ask(out, t.question(), first);
      int start = out.length();
      answer(out, t.answer());
      answers.add(new Span(start, out.length()));
      first = false;
    }
    if (question != null) ask(out, question, first);
    return new Text(out.toString(), answers, style == Style.PLAIN);
  }

  /** The user's words and the assistant's role, up to where the assistant's words begin. */
  private void ask(StringBuilder out, String question, boolean first) {
    switch (style) {
      case SINGLE, TWO ->
          out.append(user)
              .append(": ")
              .append(question)
              .append(separator)
              .append(assistant)
              .append(':');
      case MPT -> out.append(user).append(question).append(separator).append(assistant);
      case LLAMA_2 -> {
        if (!first) out.append(separator);
        out.append("[INST] ");
        if (first) out.append("<<SYS>>\n").append(system).append("\n<</SYS>>\n\n");
        out.append(question).append(" [/INST]");
      }
      case PLAIN -> out.append(question);
    }
  }

  private void answer(StringBuilder out, String answer) {
    switch (style) {
      case SINGLE -> out.append(' ').append(answer).append(separator);
      case TWO -> out.append(' ').append(answer).append(separator2);
      case MPT, PLAIN -> out.append(answer).append(separator);
      case LLAMA_2 -> out.append(' ').append(answer).append(' ').append(separator2);
    }
  }
}
