package dev.visionllm.vlm;

import dev.visionllm.image.Raster;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.RoutingToken;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The guided way to call a tool, as the reference evaluates: the caller names the classes, the
 * answer that the language model would write is laid down, and one forward pass gives the
 * super-link states.
 */
public final class Guided {
  private Guided() {}

  /** Question and answer that call the detector for classes, in their order. */
  static Conversation.Turn turn(List<String> names) {
    String list = String.join(", ", names);
    String answer =
        names.stream()
            .map(n -> n + RoutingToken.DET.text())
            .collect(Collectors.joining(", ", "", "."));
    return new Conversation.Turn("<image>\nDetect " + list + ".", answer);
  }

  /** The model's input for one picture. @param names at least one */
  public static Inputs inputs(Preprocess preprocess, Raster picture, List<String> names) {
    return preprocess.inputs(
        List.of(picture), List.of(), preprocess.conversation().full(List.of(turn(names))));
  }
}
