package dev.visionllm.eval;

import dev.visionllm.data.Task;
import dev.visionllm.data.Templates;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.text.RoutingToken;
import dev.visionllm.vlm.AnswerText;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A request for a picture in one of a task's wordings, to a model that is free to answer anything.
 *
 * @param task one with a caption or an instruction
 * @param tool that the answer should call, and nothing else
 */
record FreeRequest(Task task, RoutingToken tool) {
  static final FreeRequest GENERATION = new FreeRequest(Task.GENERATION, RoutingToken.GEN);
  static final FreeRequest EDITING = new FreeRequest(Task.EDITING, RoutingToken.EDIT);

  private static final Templates TEMPLATES = Templates.builtIn();
  private static final int MAX_TOKENS = 64;

  /** What its share is called in scores. */
  String row() {
    return "asked in free words: " + tool.text() + " called";
  }

  /**
   * Whether the answer calls the tool.
   *
   * @param text caption or instruction
   * @param pictures that the request is about, at most one
   * @param seed of the wording
   */
  boolean called(Suites.Subject subject, String text, List<Raster> pictures, long seed) {
    var values = Map.of("caption", text, "instruction", text, Task.TOOLS, tool.text());
    String question = TEMPLATES.pick(task, "", values, new Random(seed)).question();
    Prompt prompt =
        pictures.isEmpty()
            ? new Prompt(question, List.of(), List.of())
            : Prompt.of(question, pictures.get(0));
    var calls = AnswerText.calls(subject.write(List.of(prompt), MAX_TOKENS).get(0).text());
    return calls.size() == 1 && calls.get(0).token().equals(tool.text());
  }
}
