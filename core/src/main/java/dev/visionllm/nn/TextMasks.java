package dev.visionllm.nn;

import dev.visionllm.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The classes of a batch, as places and masks that all layers of a detector share. They are made
 * for each image; the reference mixes those of images with different numbers of classes. Shapes: b
 * images, p classes, d hidden size.
 *
 * @param position their places' encoding, (b or 1, p, d)
 * @param keys additive, hides padding as keys, (b, 1, 1, p), or null if nothing is padded
 * @param self additive, classes of one image see each other and padding only itself, (b, 1, p, p),
 *     or null
 */
public record TextMasks(Tensor position, Tensor keys, Tensor self) {
  /**
   * @param text (b, p, d)
   * @param absent true for padding, (b, p), or null if nothing is padded
   */
  public static TextMasks of(Tensor text, Tensor absent) {
    long p = text.size(1);
    int d = Math.toIntExact(text.size(2));
    if (absent == null) {
      float[] places = new float[Math.toIntExact(p)];
      for (int i = 0; i < places.length; i++) {
        places[i] = i;
      }
      Tensor at = Tensors.of(places, 1, p).to(text.device(), ScalarType.Float);
      return new TextMasks(PositionEncoding.places(at, d).type_as(text), null, null);
    }
    Tensor present = absent.logical_not();
    Tensor count = present.to(ScalarType.Float).cumsum(1).sub(new Scalar(1));
    Tensor at = F.fill(count, absent, 0);
    Tensor itself = torch.eye(p).type_as(absent).unsqueeze(0); // (1, p, p)
    Tensor sees = present.unsqueeze(1).logical_and(present.unsqueeze(2)).logical_or(itself);
    return new TextMasks(
        PositionEncoding.places(at, d).type_as(text),
        F.maskOut(absent, text).unsqueeze(1).unsqueeze(1),
        F.maskOut(sees.logical_not(), text).unsqueeze(1));
  }
}
