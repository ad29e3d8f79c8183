# Arithmetic on flat buffers: sums of gradients, norms by fixed blocks, AdamW. One call per phase, no autograd.
class Optimizer(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # target += source
  def add(self: __torch__.Optimizer, target: Tensor, source: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    torch.add_(target, source)
    torch.set_grad_enabled(True)
    return target

  # target = left + right
  def sum(self: __torch__.Optimizer, target: Tensor, left: Tensor, right: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    torch.copy_(target, left)
    torch.add_(target, right)
    torch.set_grad_enabled(True)
    return target

  # target = 0, whatever stood there
  def clear(self: __torch__.Optimizer, target: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    torch.zero_(target)
    torch.set_grad_enabled(True)
    return target

  # target = factor source
  def scaled(self: __torch__.Optimizer, target: Tensor, source: Tensor, factor: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    torch.copy_(target, source)
    torch.mul_(target, float(torch.item(factor)))
    torch.set_grad_enabled(True)
    return target

  # Memory in bfloat16 (dtype code 15), which DJL cannot ask for.
  def wire(self: __torch__.Optimizer, length: Tensor) -> Tensor:
    return torch.zeros([int(torch.item(length))], dtype=15)

  # target = source, in the target's type: to the wire's bfloat16 (nearest, ties to even) and back
  def convert(self: __torch__.Optimizer, target: Tensor, source: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    torch.copy_(target, source)
    torch.set_grad_enabled(True)
    return target

  # Every number becomes the nearest bfloat16 (dtype code 15), in its own type.
  def rounded(self: __torch__.Optimizer, target: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    torch.copy_(target, torch.to(target, 15))
    torch.set_grad_enabled(True)
    return target

  # A view, for windows of buffers larger than a ByteBuffer can be.
  def window(self: __torch__.Optimizer, flat: Tensor, start: Tensor, length: Tensor) -> Tensor:
    return torch.narrow(flat, 0, int(torch.item(start)), int(torch.item(length)))

  # Sum of squares of every block of 2^16 elements, in float64: blocks are fixed, so the norm does not depend on the slicing.
  def sums_of_squares(self: __torch__.Optimizer, flat: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    n = torch.size(flat, 0)
    sums = annotate(List[Tensor], [])
    at = 0
    while at < n:
      x = torch.to(torch.slice(flat, 0, at, min(at + {{block}}, n)), 7)
      sums.append(torch.sum(torch.mul(x, x)))
      at = at + {{block}}
    r = torch.stack(sums)
    torch.set_grad_enabled(True)
    return r

  # torch.optim.AdamW: p *= 1 - lr wd; m, v; p -= lr/(1-b1^n) m / (sqrt(v)/sqrt(1-b2^n) + eps). hyper = [lr, b1, b2, wd, eps]
  # in float64, n in `step`. In-place operators need lists that are arguments: on a list literal they are dropped.
  def adamw(self: __torch__.Optimizer, hyper: Tensor, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], step: List[Tensor]) -> Tensor:
    torch.set_grad_enabled(False)
    none = annotate(List[Tensor], [])
    torch._fused_adamw_(p, g, m, v, none, step, lr=float(torch.item(hyper[0])), beta1=float(torch.item(hyper[1])), beta2=float(torch.item(hyper[2])), weight_decay=float(torch.item(hyper[3])), eps=float(torch.item(hyper[4])), amsgrad=False, maximize=False)
    torch.set_grad_enabled(True)
    return hyper
