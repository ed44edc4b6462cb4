package dev.visionllm.model.llama;

import dev.visionllm.nn.F;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.RmsNorm;
import org.bytedeco.pytorch.Tensor;

/** A block under the names of InternLM2DecoderLayer. Shapes as in {@link Llama}. */
final class InternLm2Block implements Block {
  private final Attention attention;
  private final FeedForward feed_forward;
  private final RmsNorm attention_norm;
  private final RmsNorm ffn_norm;

  InternLm2Block(Params p, Llama.Config c) {
    attention = new Attention(p.at("attention"), c);
    feed_forward = new FeedForward(p.at("feed_forward"), c);
    attention_norm = new RmsNorm(p.at("attention_norm"), c.hidden(), c.eps());
    ffn_norm = new RmsNorm(p.at("ffn_norm"), c.hidden(), c.eps());
  }

  @Override
  public Tensor forward(Tensor x, int index, Pass pass) {
    Tensor y = x.add(attention.forward(attention_norm.forward(x), index, pass));
    return y.add(feed_forward.forward(ffn_norm.forward(y), pass.training()));
  }

  private static final class Attention {
    /** ((h + 2 g) k, d): per key-value head its h / g query heads, its key, its value. */
    private final Linear wqkv;

    private final Linear wo; // (d, h k)
    private final long kvHeads;
    private final long group;
    private final long size;

    Attention(Params p, Llama.Config c) {
      long rows = (c.heads() + 2L * c.kvHeads()) * c.headSize();
      wqkv = Linear.noBias(p.at("wqkv"), c.hidden(), rows);
      wo = Linear.noBias(p.at("wo"), c.hidden(), c.hidden());
      kvHeads = c.kvHeads();
      group = c.heads() / c.kvHeads();
      size = c.headSize();
    }

    Tensor forward(Tensor x, int index, Pass pass) {
      long b = x.size(0);
      long t = x.size(1);
      Tensor all =
          wqkv.forward(x, pass.training())
              .view(b, t, kvHeads, group + 2, size)
              .transpose(1, 2); // (b, g, t, h/g+2, k)
      Tensor q = F.slice(all, 3, 0, group).transpose(2, 3).reshape(b, kvHeads * group, t, size);
      Tensor k = all.select(3, group); // (b, g, t, k)
      Tensor v = all.select(3, group + 1); // (b, g, t, k)
      return wo.forward(pass.attend(index, q, k, v), pass.training());
    }
  }

  /** SwiGLU. */
  private static final class FeedForward {
    private final Linear w1; // (mlp, d), the gate
    private final Linear w3; // (mlp, d)
    private final Linear w2; // (d, mlp)

    FeedForward(Params p, Llama.Config c) {
      w1 = Linear.noBias(p.at("w1"), c.hidden(), c.mlp());
      w3 = Linear.noBias(p.at("w3"), c.hidden(), c.mlp());
      w2 = Linear.noBias(p.at("w2"), c.mlp(), c.hidden());
    }

    Tensor forward(Tensor x, boolean training) {
      Tensor gate = w1.forward(x, training);
      Tensor up = w3.forward(x, training);
      return w2.forward(F.swiglu(gate, up), training);
    }
  }
}
