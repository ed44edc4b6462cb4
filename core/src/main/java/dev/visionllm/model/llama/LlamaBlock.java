package dev.visionllm.model.llama;

import dev.visionllm.nn.F;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.RmsNorm;
import org.bytedeco.pytorch.Tensor;

/** A block under the names of transformers' LlamaDecoderLayer. Shapes as in {@link Llama}. */
final class LlamaBlock implements Block {
  private final RmsNorm input_layernorm;
  private final Attention self_attn;
  private final RmsNorm post_attention_layernorm;
  private final Mlp mlp;

  LlamaBlock(Params p, Llama.Config c) {
    self_attn = new Attention(p.at("self_attn"), c);
    mlp = new Mlp(p.at("mlp"), c);
    input_layernorm = new RmsNorm(p.at("input_layernorm"), c.hidden(), c.eps());
    post_attention_layernorm = new RmsNorm(p.at("post_attention_layernorm"), c.hidden(), c.eps());
  }

  @Override
  public Tensor forward(Tensor x, int index, Pass pass) {
    Tensor y = x.add(self_attn.forward(input_layernorm.forward(x), index, pass));
    return y.add(mlp.forward(post_attention_layernorm.forward(y), pass.training()));
  }

  private static final class Attention {
    private final Linear q_proj; // (h k, d)
    private final Linear k_proj; // (g k, d)
    private final Linear v_proj; // (g k, d)
    private final Linear o_proj; // (d, h k)
    private final long heads;
    private final long kvHeads;

    Attention(Params p, Llama.Config c) {
      long kv = (long) c.kvHeads() * c.headSize();
      q_proj = Linear.noBias(p.at("q_proj"), c.hidden(), c.hidden());
      k_proj = Linear.noBias(p.at("k_proj"), c.hidden(), kv);
      v_proj = Linear.noBias(p.at("v_proj"), c.hidden(), kv);
      o_proj = Linear.noBias(p.at("o_proj"), c.hidden(), c.hidden());
      heads = c.heads();
      kvHeads = c.kvHeads();
    }

    Tensor forward(Tensor x, int index, Pass pass) {
      Tensor q = F.splitHeads(q_proj.forward(x, pass.training()), heads); // (b, h, t, k)
      Tensor k = F.splitHeads(k_proj.forward(x, pass.training()), kvHeads); // (b, g, t, k)
      Tensor v = F.splitHeads(v_proj.forward(x, pass.training()), kvHeads); // (b, g, t, k)
      return o_proj.forward(pass.attend(index, q, k, v), pass.training());
    }
  }

  /** SwiGLU. */
  private static final class Mlp {
    private final Linear gate_proj; // (mlp, d)
    private final Linear up_proj; // (mlp, d)
    private final Linear down_proj; // (d, mlp)

    Mlp(Params p, Llama.Config c) {
      gate_proj = Linear.noBias(p.at("gate_proj"), c.hidden(), c.mlp());
      up_proj = Linear.noBias(p.at("up_proj"), c.hidden(), c.mlp());
      down_proj = Linear.noBias(p.at("down_proj"), c.mlp(), c.hidden());
    }

    Tensor forward(Tensor x, boolean training) {
      Tensor gate = gate_proj.forward(x, training);
      Tensor up = up_proj.forward(x, training);
      return down_proj.forward(F.swiglu(gate, up), training);
    }
  }
}
