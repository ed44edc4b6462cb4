package dev.visionllm.vlm;

import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.result.Answer;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.TextStream;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.NoGradGuard;

/**
 * An answer on its way: iterate over pieces of its text, then take the whole with what the tools
 * found. Holds native memory until it is closed.
 */
public final class AnswerStream implements Iterator<String>, AutoCloseable {
  private final VisionLlm model;
  private final Decoding state;
  private final Iterator<Integer> tokens;
  private final Raster picture; // or null
  private final Prompt prompt;
  private final VisionLlm.Options options;
  private final TextStream text;
  private final IntStream.Builder ids = IntStream.builder();
  private boolean ended;

  AnswerStream(
      VisionLlm model,
      Decoding state,
      Iterator<Integer> tokens,
      Raster picture,
      Prompt prompt,
      VisionLlm.Options options) {
    this.model = model;
    this.state = state;
    this.tokens = tokens;
    this.picture = picture;
    this.prompt = prompt;
    this.options = options;
    this.text = model.tokenizer().stream();
  }

  @Override
  public boolean hasNext() {
    if (ended) {
      return false;
    }
    synchronized (model) {
      try (var noGrad = new NoGradGuard()) {
        return tokens.hasNext();
      }
    }
  }

  /** The text that the next token completes, often a word, sometimes nothing. */
  @Override
  public String next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the answer is complete");
    }
    int id = tokens.next();
    ids.add(id);
    return text.add(id);
  }

  /** Decodes what is left and gives the whole answer. */
  public Answer answer() {
    while (hasNext()) {
      next();
    }
    ended = true;
    synchronized (model) {
      try (var scope = TensorScope.open();
          var noGrad = new NoGradGuard()) {
        return model.answer(ids.build().toArray(), state.routes(0), picture, prompt, options);
      }
    }
  }

  /** The state of decoding, for tests. */
  Decoding state() {
    return state;
  }

  @Override
  public void close() {
    state.close();
  }
}
