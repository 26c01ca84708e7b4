r"""Displayed equations of the handout in LaTeX, each with the plain text that must denote the same.

The LaTeX is the source's own where the source has the equation, and in its notation where the source asks for it.
``variants`` writes an equation as other lecture notes would.
"""

from __future__ import annotations

import re

Row = tuple[str, str]

SCALAR: list[Row] = [
    (r"z = wx + b", "z = w*x + b"),
    (r"y = x + \tanh(z)", "y = x + tanh(z)"),
    (r"\mathcal{L} = \frac{1}{2}(y - t)^2", "L = 1/2*(y - t)**2"),
    (r"\frac{\partial \mathcal{L}}{\partial \mathcal{L}} = 1", "dL/dL = 1"),
    (r"\frac{\partial \mathcal{L}}{\partial y} = \frac{\partial \mathcal{L}}{\partial \mathcal{L}} (y - t)", "dL/dy = dL/dL*(y - t)"),
    (r"\frac{\partial \mathcal{L}}{\partial y} = y - t", "dL/dy = y - t"),
    (r"\frac{\partial \mathcal{L}}{\partial z} = \frac{\partial \mathcal{L}}{\partial y} \frac{\partial y}{\partial z}",
     "dL/dz = dL/dy*dy/dz"),
    (r"\frac{\partial \mathcal{L}}{\partial z} = \frac{\partial \mathcal{L}}{\partial y} (1 - \tanh^2(z))",
     "dL/dz = dL/dy*(1 - tanh(z)**2)"),
    (r"\frac{\partial \mathcal{L}}{\partial w} = \frac{\partial \mathcal{L}}{\partial z} x", "dL/dw = dL/dz*x"),
    (r"\frac{\partial \mathcal{L}}{\partial b} = \frac{\partial \mathcal{L}}{\partial z} \cdot 1", "dL/db = dL/dz*1"),
    (r"\frac{\partial \mathcal{L}}{\partial x} = \frac{\partial \mathcal{L}}{\partial y} + \frac{\partial \mathcal{L}}{\partial z} w",
     "dL/dx = dL/dy + dL/dz*w"),
    (r"\frac{\partial y}{\partial z} = 1 - \tanh^2(z)", "dy/dz = 1 - tanh(z)**2"),
]  # fmt: skip

SINGLE: list[Row] = [
    # forward, entry by entry
    (r"z_j^{(1)} = \sum_{i=1}^{D^{(0)}} W_{ji}^{(1)} a_i^{(0)} + b_j^{(1)}, \quad j = 1, \dots, D^{(1)}",
     "z1[j] = sum(W1[j,i]*a0[i], i) + b1[j]"),
    (r"a_j^{(1)} = \text{ReLU}(z_j^{(1)}), \quad j = 1, \dots, D^{(1)}", "a1[j] = relu(z1[j])"),
    (r"z_k^{(2)} = \sum_{j=1}^{D^{(1)}} a_j^{(1)} W_{kj}^{(2)} + b_k^{(2)}, \quad k = 1, \dots, D^{(2)}",
     "z2[k] = sum(a1[j]*W2[k,j], j) + b2[k]"),
    (r"a_k^{(2)} = \frac{e^{z_k^{(2)}}}{\sum_{k'=1}^{D^{(2)}} e^{z_{k'}^{(2)}}}, \quad k = 1, \dots, D^{(2)}",
     "a2[k] = exp(z2[k])/sum(exp(z2[k']), k')"),
    (r"a_k^{(2)} = \frac{\exp(z_k^{(2)})}{\sum_{k'=1}^{D^{(2)}} \exp(z_{k'}^{(2)})}, \quad k = 1, \dots, D^{(2)}",
     "a2[k] = exp(z2[k])/sum(exp(z2[k']), k')"),
    (r"\mathcal{L}(\mathbf{a}^{(2)}, \mathbf{t}) = - \sum_{k=1}^{D^{(2)}} t_k \log(a_k^{(2)})", "L = -sum(t[k]*log(a2[k]), k)"),
    # the backward pass, entry by entry
    (r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}} &= a_k^{(2)} - t_k, & k &= 1, \dots, D^{(2)}", "dL/dz2[k] = a2[k] - t[k]"),
    (r"\frac{\partial \mathcal{L}}{\partial W_{kj}^{(2)}} &= \frac{\partial \mathcal{L}}{\partial z_k^{(2)}} a_j^{(1)},"
     r" & k &= 1, \dots, D^{(2)}, j = 1, \dots, D^{(1)}", "dL/dW2[k,j] = dL/dz2[k]*a1[j]"),
    (r"\frac{\partial \mathcal{L}}{\partial b_k^{(2)}} &= \frac{\partial \mathcal{L}}{\partial z_k^{(2)}}, & k &= 1, \dots, D^{(2)}",
     "dL/db2[k] = dL/dz2[k]"),
    (r"\frac{\partial \mathcal{L}}{\partial a_j^{(1)}} &= \sum_{k=1}^{D^{(2)}} \frac{\partial \mathcal{L}}{\partial z_k^{(2)}}"
     r" W_{kj}^{(2)}, & j &= 1, \dots, D^{(1)}", "dL/da1[j] = sum(dL/dz2[k]*W2[k,j], k)"),
    (r"\frac{\partial \mathcal{L}}{\partial z_j^{(1)}} &= \frac{\partial \mathcal{L}}{\partial a_j^{(1)}} \text{ReLU}'(z_j^{(1)}),"
     r" & j &= 1, \dots, D^{(1)}", "dL/dz1[j] = dL/da1[j]*relu'(z1[j])"),
    (r"\frac{\partial \mathcal{L}}{\partial W_{ji}^{(1)}} &= \frac{\partial \mathcal{L}}{\partial z_j^{(1)}} a_i^{(0)},"
     r" & j &= 1, \dots, D^{(1)}, i = 1, \dots, D^{(0)}", "dL/dW1[j,i] = dL/dz1[j]*a0[i]"),
    (r"\frac{\partial \mathcal{L}}{\partial b_j^{(1)}} &= \frac{\partial \mathcal{L}}{\partial z_j^{(1)}}, & j &= 1, \dots, D^{(1)}",
     "dL/db1[j] = dL/dz1[j]"),
    # as the questions ask for them
    (r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}} = a_k^{(2)} - t_k, \forall k = 1, \dots, D^{(2)}", "dL/dz2[k] = a2[k] - t[k]"),
    (r"\frac{\partial \mathcal{L}}{\partial W_{kj}^{(2)}} = \frac{\partial \mathcal{L}}{\partial z_k^{(2)}} \cdot a_j^{(1)}.",
     "dL/dW2[k,j] = dL/dz2[k]*a1[j]"),
    (r"\frac{\partial \mathcal{L}}{\partial W_{kj}^{(2)}} = \frac{\partial \mathcal{L}}{\partial z_k^{(2)}} \cdot"
     r" \frac{\partial z_k^{(2)}}{\partial W_{kj}^{(2)}}", "dL/dW2[k,j] = dL/dz2[k]*dz2[k]/dW2[k,j]"),
    (r"z_k^{(2)} = \sum_{j'=1}^{D^{(1)}} a_{j'}^{(1)} W_{kj'}^{(2)} + b_k^{(2)},", "z2[k] = sum(a1[j']*W2[k,j'], j') + b2[k]"),
    (r"\frac{\partial z_k^{(2)}}{\partial W_{kj}^{(2)}} = a_j^{(1)}.", "dz2[k]/dW2[k,j] = a1[j]"),
    (r"\frac{\partial \mathcal{L}}{\partial b_k^{(2)}} = \frac{\partial \mathcal{L}}{\partial z_k^{(2)}} \cdot 1", "dL/db2[k] = dL/dz2[k]*1"),
    (r"\frac{\partial \mathcal{L}}{\partial a_j^{(1)}} = \sum_{k=1}^{D^{(2)}} \frac{\partial \mathcal{L}}{\partial z_k^{(2)}}"
     r" \cdot W_{kj}^{(2)}", "dL/da1[j] = sum(dL/dz2[k]*W2[k,j], k)"),
    (r"\frac{\partial \mathcal{L}}{\partial a_j^{(1)}} = \sum_{k=1}^{D^{(2)}} \frac{\partial \mathcal{L}}{\partial z_k^{(2)}}"
     r" \cdot \frac{\partial z_k^{(2)}}{\partial a_j^{(1)}}.", "dL/da1[j] = sum(dL/dz2[k]*dz2[k]/da1[j], k)"),
    (r"\frac{\partial z_k^{(2)}}{\partial a_j^{(1)}} = W_{kj}^{(2)}.", "dz2[k]/da1[j] = W2[k,j]"),
    (r"\frac{\partial \mathcal{L}}{\partial W_{ji}^{(1)}} = \frac{\partial \mathcal{L}}{\partial z_j^{(1)}} \cdot a_i^{(0)}",
     "dL/dW1[j,i] = dL/dz1[j]*a0[i]"),
    (r"\frac{\partial \mathcal{L}}{\partial b_j^{(1)}} = \frac{\partial \mathcal{L}}{\partial z_j^{(1)}} \cdot 1", "dL/db1[j] = dL/dz1[j]*1"),
    (r"\frac{\partial \mathcal{L}}{\partial a_k^{(2)}} = - \frac{t_k}{a_k^{(2)}}", "dL/da2[k] = -(t[k]/a2[k])"),
    (r"\frac{\partial \mathcal{L}}{\partial z_k^{(2)}} = \sum_{k'=1}^{D^{(2)}} \frac{\partial \mathcal{L}}{\partial a_{k'}^{(2)}}"
     r" a_{k'}^{(2)} (\delta_{kk'} - a_k^{(2)})", "dL/dz2[k] = sum(dL/da2[k']*a2[k']*(delta(k, k') - a2[k]), k')"),
    # vectorized, forward
    (r"\mathbf{z}^{(1)} = \mathbf{W}^{(1)} \mathbf{a}^{(0)} + \mathbf{b}^{(1)}", "z1 = W1 @ a0 + b1"),
    (r"\mathbf{a}^{(1)} = \text{ReLU}(\mathbf{z}^{(1)})", "a1 = relu(z1)"),
    (r"\mathbf{z}^{(2)} = \mathbf{W}^{(2)} \mathbf{a}^{(1)} + \mathbf{b}^{(2)}", "z2 = W2 @ a1 + b2"),
    (r"\mathbf{a}^{(2)} = \frac{\exp(\mathbf{z}^{(2)})}{\mathbb{1}_{D^{(2)}}^\top \exp(\mathbf{z}^{(2)})}",
     "a2 = exp(z2)/(ones(D2).T @ exp(z2))"),
    (r"\mathbf{a}^{(2)} = \frac{\exp(\mathbf{z}^{(2)})}{(\mathbb{1}_{D^{(2)}})^\top \exp(\mathbf{z}^{(2)})}",
     "a2 = exp(z2)/(ones(D2).T @ exp(z2))"),
    (r"\mathbf{a}^{(2)} = \text{softmax}(\mathbf{z}^{(2)})", "a2 = softmax(z2)"),
    (r"\mathcal{L}(\mathbf{a}^{(2)}, \mathbf{t}) = - \mathbf{t}^\top \log(\mathbf{a}^{(2)})", "L = -(t.T @ log(a2))"),
    # vectorized, backward
    (r"\nabla_{\mathbf{a}^{(2)}} \mathcal{L} = - \frac{\mathbf{t}}{\mathbf{a}^{(2)}}", "grad(a2) = -(t/a2)"),
    (r"\nabla_{\mathbf{z}^{(2)}} \mathcal{L} = \mathbf{a}^{(2)} - \mathbf{t}", "grad(z2) = a2 - t"),
    (r"\nabla_{\mathbf{W}^{(2)}} \mathcal{L} = \nabla_{\mathbf{z}^{(2)}} \mathcal{L} (\mathbf{a}^{(1)})^\top", "grad(W2) = grad(z2) @ a1.T"),
    (r"\nabla_{\mathbf{b}^{(2)}} \mathcal{L} = \nabla_{\mathbf{z}^{(2)}} \mathcal{L}", "grad(b2) = grad(z2)"),
    (r"\nabla_{\mathbf{a}^{(1)}} \mathcal{L} = (\mathbf{W}^{(2)})^\top \nabla_{\mathbf{z}^{(2)}} \mathcal{L}", "grad(a1) = W2.T @ grad(z2)"),
    (r"\nabla_{\mathbf{z}^{(1)}} \mathcal{L} = \nabla_{\mathbf{a}^{(1)}} \mathcal{L} \odot \text{ReLU}'(\mathbf{z}^{(1)}).",
     "grad(z1) = grad(a1)*relu'(z1)"),
    (r"\nabla_{\mathbf{z}^{(1)}} \mathcal{L} = \text{diag}(\nabla_{\mathbf{a}^{(1)}} \mathcal{L}) \text{ReLU}'(\mathbf{z}^{(1)}).",
     "grad(z1) = diag(grad(a1)) @ relu'(z1)"),
    (r"\nabla_{\mathbf{W}^{(1)}} \mathcal{L} = \nabla_{\mathbf{z}^{(1)}} \mathcal{L} (\mathbf{a}^{(0)})^\top", "grad(W1) = grad(z1) @ a0.T"),
    (r"\nabla_{\mathbf{b}^{(1)}} \mathcal{L} = \nabla_{\mathbf{z}^{(1)}} \mathcal{L}", "grad(b1) = grad(z1)"),
]  # fmt: skip

BATCH: list[Row] = [
    (r"Z_{nj}^{(1)} = \sum_{i=1}^{D^{(0)}} W_{ji}^{(1)} A_{ni}^{(0)} + b_j^{(1)}, \quad n = 1, \dots, N, j = 1, \dots, D^{(1)}",
     "Z1[n,j] = sum(W1[j,i]*A0[n,i], i) + b1[j]"),
    (r"A_{nj}^{(1)} = \text{ReLU}(Z_{nj}^{(1)}), \quad n = 1, \dots, N, j = 1, \dots, D^{(1)}", "A1[n,j] = relu(Z1[n,j])"),
    (r"Z_{nk}^{(2)} = \sum_{j=1}^{D^{(1)}} W_{kj}^{(2)} A_{nj}^{(1)} + b_k^{(2)}, \quad n = 1, \dots, N, k = 1, \dots, D^{(2)}",
     "Z2[n,k] = sum(W2[k,j]*A1[n,j], j) + b2[k]"),
    (r"A_{nk}^{(2)} = \frac{\exp(Z_{nk}^{(2)})}{\sum_{k'=1}^{D^{(2)}} \exp(Z_{nk'}^{(2)})}, \quad n = 1, \dots, N, k = 1, \dots, D^{(2)}",
     "A2[n,k] = exp(Z2[n,k])/sum(exp(Z2[n,k']), k')"),
    (r"\mathcal{L} = -\frac{1}{N} \sum_{n=1}^N \sum_{k=1}^{D^{(2)}} T_{nk} \log A_{nk}^{(2)}",
     "L = -(1/N*sum(sum(T[n,k]*log(A2[n,k]), k), n))"),
    (r"\mathbf{Z}^{(1)} = \mathbf{A}^{(0)} (\mathbf{W}^{(1)})^\top + \mathbb{1}_{N} (\mathbf{b}^{(1)})^\top",
     "Z1 = A0 @ W1.T + ones(N) @ b1.T"),
    (r"\mathbf{A}^{(1)} = \text{ReLU}(\mathbf{Z}^{(1)})", "A1 = relu(Z1)"),
    (r"\mathbf{Z}^{(2)} = \mathbf{A}^{(1)} (\mathbf{W}^{(2)})^\top + \mathbb{1}_{N} (\mathbf{b}^{(2)})^\top",
     "Z2 = A1 @ W2.T + ones(N) @ b2.T"),
    (r"\mathbf{A}^{(2)} = \frac{\exp(\mathbf{Z}^{(2)})}{\exp(\mathbf{Z}^{(2)}) \mathbb{1}_{D^{(2)}} \mathbb{1}_{D^{(2)}}^\top}",
     "A2 = exp(Z2)/(exp(Z2) @ ones(D2) @ ones(D2).T)"),
    (r"\mathcal{L} = -\frac{1}{N} \mathbb{1}_{N}^\top (\mathbf{T} \odot \log(\mathbf{A}^{(2)})) \mathbb{1}_{D^{(2)}}",
     "L = -(1/N*(ones(N).T @ (T*log(A2)) @ ones(D2)))"),
    (r"\frac{\partial \mathcal{L}}{\partial Z_{nk}^{(2)}} = \frac{1}{N} (A_{nk}^{(2)} - T_{nk}), \quad k = 1, \dots, D^{(2)}.",
     "dL/dZ2[n,k] = 1/N*(A2[n,k] - T[n,k])"),
    (r"\frac{\partial \mathcal{L}}{\partial W_{kj}^{(2)}} = \sum_{n=1}^N \frac{\partial \mathcal{L}}{\partial Z_{nk}^{(2)}}"
     r" A_{nj}^{(1)}, \quad j = 1, \dots, D^{(1)}, k = 1, \dots, D^{(2)}", "dL/dW2[k,j] = sum(dL/dZ2[n,k]*A1[n,j], n)"),
    (r"\frac{\partial \mathcal{L}}{\partial A_{nj}^{(1)}} = \sum_{k=1}^{D^{(2)}} \frac{\partial \mathcal{L}}{\partial Z_{nk}^{(2)}}"
     r" W_{kj}^{(2)}, \quad n = 1, \dots, N, j = 1, \dots, D^{(1)}.", "dL/dA1[n,j] = sum(dL/dZ2[n,k]*W2[k,j], k)"),
    (r"\left[ \nabla_{\mathbf{Z}^{(2)}} \mathcal{L} \mathbf{W}^{(2)} \right]_{nj} = \sum_{k=1}^{D^{(2)}}"
     r" \frac{\partial \mathcal{L}}{\partial Z_{nk}^{(2)}} W_{kj}^{(2)},", "(grad(Z2) @ W2)[n,j] = sum(dL/dZ2[n,k]*W2[k,j], k)"),
    (r"\boxed{\nabla_{\mathbf{A}^{(1)}} \mathcal{L} = \nabla_{\mathbf{Z}^{(2)}} \mathcal{L} \mathbf{W}^{(2)}}.",
     "grad(A1) = grad(Z2) @ W2"),
    (r"\frac{\partial \mathcal{L}}{\partial Z_{nj}^{(1)}} = \frac{\partial \mathcal{L}}{\partial A_{nj}^{(1)}} \cdot"
     r" \text{ReLU}'(Z_{nj}^{(1)}), \quad n = 1, \dots, N, \quad j = 1, \dots, D^{(1)}.", "dL/dZ1[n,j] = dL/dA1[n,j]*relu'(Z1[n,j])"),
    (r"\frac{\partial \mathcal{L}}{\partial b_j^{(1)}} = \sum_{n=1}^N \frac{\partial \mathcal{L}}{\partial Z_{nj}^{(1)}},"
     r" \quad j = 1, \dots, D^{(1)}.", "dL/db1[j] = sum(dL/dZ1[n,j], n)"),
    (r"\nabla_{\mathbf{Z}^{(2)}} \mathcal{L} = \frac{1}{N} (\mathbf{A}^{(2)} - \mathbf{T})", "grad(Z2) = 1/N*(A2 - T)"),
    (r"\nabla_{\mathbf{W}^{(2)}} \mathcal{L} = (\nabla_{\mathbf{Z}^{(2)}} \mathcal{L})^\top \mathbf{A}^{(1)}", "grad(W2) = grad(Z2).T @ A1"),
    (r"\nabla_{\mathbf{Z}^{(1)}} \mathcal{L} = \nabla_{\mathbf{A}^{(1)}} \mathcal{L} \odot \text{ReLU}'(\mathbf{Z}^{(1)})",
     "grad(Z1) = grad(A1)*relu'(Z1)"),
    (r"\nabla_{\mathbf{b}^{(1)}} \mathcal{L} = (\nabla_{\mathbf{Z}^{(1)}} \mathcal{L})^\top \mathbb{1}_{N}", "grad(b1) = grad(Z1).T @ ones(N)"),
]  # fmt: skip

UNITS: list[Row] = [
    (r"m_1 = w_1x_1 + w_2x_2", "m1 = w1*x1 + w2*x2"),
    (r"h_1 = \text{ReLU}(m_1)", "h1 = relu(m1)"),
    (r"m_2 = w_3x_1 + w_4x_2", "m2 = w3*x1 + w4*x2"),
    (r"h_2 = \text{ReLU}(m_2)", "h2 = relu(m2)"),
    (r"m_3 = w_5h_1 + w_6h_2", "m3 = w5*h1 + w6*h2"),
    (r"h_3 = \text{ReLU}(m_3)", "h3 = relu(m3)"),
    (r"m_4 = w_7h_1 + w_8h_2", "m4 = w7*h1 + w8*h2"),
    (r"h_4 = \text{ReLU}(m_4)", "h4 = relu(m4)"),
    (r"z = w_9h_3 + w_{10}h_4", "z = w9*h3 + w10*h4"),
    (r"y = \sigma(z)", "y = sigmoid(z)"),
    (r"\mathcal{L} = \mathcal{L}(y, t)", "L = loss(y, t)"),
    (r"\frac{\partial \mathcal{L}}{\partial y} = \frac{\partial \mathcal{L}}{\partial \mathcal{L}} \mathcal{L}'(y, t)", "dL/dy = dL/dL*loss'(y, t)"),
    (r"\frac{\partial \mathcal{L}}{\partial z} = \frac{\partial \mathcal{L}}{\partial y} \sigma'(z)", "dL/dz = dL/dy*sigmoid'(z)"),
    (r"\frac{\partial \mathcal{L}}{\partial h_3} = \frac{\partial \mathcal{L}}{\partial z} w_9", "dL/dh3 = dL/dz*w9"),
    (r"\frac{\partial \mathcal{L}}{\partial h_4} = \frac{\partial \mathcal{L}}{\partial z} w_{10}", "dL/dh4 = dL/dz*w10"),
    (r"\frac{\partial \mathcal{L}}{\partial m_3} = \frac{\partial \mathcal{L}}{\partial h_3} \text{ReLU}'(m_3)", "dL/dm3 = dL/dh3*relu'(m3)"),
    (r"\frac{\partial \mathcal{L}}{\partial m_4} = \frac{\partial \mathcal{L}}{\partial h_4} \text{ReLU}'(m_4)", "dL/dm4 = dL/dh4*relu'(m4)"),
    (r"\frac{\partial \mathcal{L}}{\partial h_2} = \frac{\partial \mathcal{L}}{\partial m_3} w_6 + \frac{\partial \mathcal{L}}{\partial m_4} w_8",
     "dL/dh2 = dL/dm3*w6 + dL/dm4*w8"),
]  # fmt: skip

TWIN: list[Row] = [
    (r"\mathbf{m}^{(a)} &= \mathbf{W}^{(1)}\mathbf{x}^{(a)} + \mathbf{b}^{(1)}", "m_a = W1 @ x_a + b1"),
    (r"\mathbf{h}^{(a)} &= \text{ReLU}(\mathbf{m}^{(a)})", "h_a = relu(m_a)"),
    (r"\mathbf{m}^{(b)} &= \mathbf{W}^{(1)}\mathbf{x}^{(b)} + \mathbf{b}^{(1)}", "m_b = W1 @ x_b + b1"),
    (r"\mathbf{h}^{(b)} &= \text{ReLU}(\mathbf{m}^{(b)})", "h_b = relu(m_b)"),
    (r"\mathbf{h} &= \mathbf{h}^{(a)} \odot \mathbf{h}^{(b)}", "h = h_a*h_b"),
    (r"z &= \mathbf{W}^{(2)}\mathbf{h} + b^{(2)}", "z = W2 @ h + b2"),
    (r"y &= \sigma(z)", "y = sigmoid(z)"),
    (r"\mathcal{L} &= -t \log y - (1 - t) \log(1 - y)", "L = -t*log(y) - (1 - t)*log(1 - y)"),
    (r"(\mathbf{h}^{(a)} \odot \mathbf{h}^{(b)})_j = h_j^{(a)} \cdot h_j^{(b)}", "(h_a*h_b)[j] = h_a[j]*h_b[j]"),
    (r"\frac{\partial \mathcal{L}}{\partial b^{(2)}} = \frac{\partial \mathcal{L}}{\partial z}", "dL/db2 = dL/dz"),
    (r"\nabla_{\mathbf{W}^{(2)}}\mathcal{L} = \frac{\partial \mathcal{L}}{\partial z} \mathbf{h}^\top", "grad(W2) = dL/dz*h.T"),
    (r"\nabla_{\mathbf{h}}\mathcal{L} = (\mathbf{W}^{(2)})^\top \frac{\partial \mathcal{L}}{\partial z}", "grad(h) = W2.T @ dL/dz"),
    (r"\nabla_{\mathbf{h}^{(a)}}\mathcal{L} = \nabla_{\mathbf{h}}\mathcal{L} \odot \mathbf{h}^{(b)}", "grad(h_a) = grad(h)*h_b"),
    (r"\nabla_{\mathbf{W}^{(1)}}\mathcal{L} = \nabla_{\mathbf{m}^{(a)}}\mathcal{L} (\mathbf{x}^{(a)})^\top"
     r" + \nabla_{\mathbf{m}^{(b)}}\mathcal{L} (\mathbf{x}^{(b)})^\top", "grad(W1) = grad(m_a) @ x_a.T + grad(m_b) @ x_b.T"),
    (r"\nabla_{\mathbf{b}^{(1)}}\mathcal{L} = \nabla_{\mathbf{m}^{(a)}}\mathcal{L} + \nabla_{\mathbf{m}^{(b)}}\mathcal{L}",
     "grad(b1) = grad(m_a) + grad(m_b)"),
]  # fmt: skip

SKIP: list[Row] = [
    (r"\mathbf{z}_1 &= \mathbf{W}_1 \mathbf{x} + \mathbf{b}_1,", "z1 = W1 @ x + b1"),
    (r"\mathbf{h}_1 &= \sigma(\mathbf{z}_1),", "h1 = sigmoid(z1)"),
    (r"\mathbf{z}_2 &= \mathbf{W}_2 \mathbf{h}_1 + \mathbf{b}_2,", "z2 = W2 @ h1 + b2"),
    (r"\mathbf{z}_s &= \mathbf{W}_s \mathbf{x},", "zs = Ws @ x"),
    (r"\mathbf{h}_2 &= \text{ReLU}(\mathbf{z}_2) + \mathbf{z}_s,", "h2 = relu(z2) + zs"),
    (r"\mathbf{z}_3 &= \mathbf{W}_3 \mathbf{h}_2 + \mathbf{b}_3,", "z3 = W3 @ h2 + b3"),
    (r"\mathbf{y} &= \text{softmax}(\mathbf{z}_3),", "y = softmax(z3)"),
    (r"\mathcal{L} &= \mathcal{L}_{\text{CE}}(\mathbf{y}, \mathbf{t}).", "L = cross_entropy(y, t)"),
    (r"\nabla_{\mathbf{z}_3} \mathcal{L} = \mathbf{y} - \mathbf{t}", "grad(z3) = y - t"),
    (r"\nabla_{\mathbf{W}_3} \mathcal{L} = \nabla_{\mathbf{z}_3} \mathcal{L} \mathbf{h}_2^\top", "grad(W3) = grad(z3) @ h2.T"),
    (r"\nabla_{\mathbf{h}_2} \mathcal{L} = \mathbf{W}_3^\top \nabla_{\mathbf{z}_3} \mathcal{L}", "grad(h2) = W3.T @ grad(z3)"),
    (r"\nabla_{\mathbf{z}_1} \mathcal{L} = \nabla_{\mathbf{h}_1} \mathcal{L} \odot \mathbf{h}_1 \odot (\mathbf{1} - \mathbf{h}_1)",
     "grad(z1) = grad(h1)*h1*(ones(J) - h1)"),
    (r"\nabla_{\mathbf{x}} \mathcal{L} = \mathbf{W}_1^\top \nabla_{\mathbf{z}_1} \mathcal{L} + \mathbf{W}_s^\top \nabla_{\mathbf{z}_s} \mathcal{L}",
     "grad(x) = W1.T @ grad(z1) + Ws.T @ grad(zs)"),
]  # fmt: skip

EQUATIONS: dict[str, list[Row]] = {
    "scalar-tanh": SCALAR, "mlp-entries": SINGLE, "forward-batch": BATCH, "four-units": UNITS, "twin": TWIN, "skip": SKIP,
}  # fmt: skip


# --- other notations -------------------------------------------------------------------------------------------------

_LETTER = r"(?P<letter>\\mathbf\{[A-Za-z]\}|(?<![\\A-Za-z{])[A-Za-z]|(?<=\{)[A-Za-z](?=[_^]))"
_BOTH = re.compile(_LETTER + r"_(?:\{(?P<long>[a-z']+)\}|(?P<one>[a-z]))\^\{\((?P<tag>\w)\)\}")
_TAG = re.compile(_LETTER + r"\^\{\((?P<tag>\w)\)\}")


def tags_below(latex: str) -> str:
    """``z_{2,k}`` for ``z_k^{(2)}``, with other fonts, other transposes and one-line fractions of numbers."""
    text = _BOTH.sub(lambda m: f"{m['letter']}_{{{m['tag']},{m['long'] or m['one']}}}", latex)
    text = _TAG.sub(lambda m: f"{m['letter']}_{m['tag']}", text)
    text = text.replace(r"^\top", r"^{\mathsf{T}}").replace(r"\mathbf", r"\boldsymbol").replace(r"\frac", r"\dfrac")
    return text.replace(r"\text{", r"\operatorname{").replace(r"\dots", r"\ldots").replace(r"\quad ", r"\qquad ")


def brackets_first(latex: str) -> str:
    """``z^{[2]}_k`` for ``z_k^{(2)}``; sums without limits; ``^T``, ``\\mathrm``, sized delimiters, spaces and a comment."""
    text = _BOTH.sub(lambda m: f"{m['letter']}^{{[{m['tag']}]}}_{{{m['long'] or m['one']}}}", latex)
    text = _TAG.sub(lambda m: f"{m['letter']}^{{[{m['tag']}]}}", text)
    text = re.sub(r"\\sum_\{([a-z]'?)=1\}\^(?:\{D\^\{\[\d\]\}\}|N)", r"\\sum_{\1}\\,", text)
    text = (
        text.replace(r"^\top", "^T")
        .replace(r"\text{", r"\mathrm{")
        .replace(r"\mathbf", r"\bm")
        .replace("= ", "= % so\n", 1)
    )
    if r"\left" in text:
        return text
    return (
        re.sub(r"(?<=[a-zA-Z\d}'])\(", r"\\bigl(", text).replace(")", r"\bigr)")
        if text.count("(") == len(re.findall(r"(?<=[a-zA-Z\d}'])\(", text))
        else text
    )


def other_signs(latex: str) -> str:
    """Arrows for bold, ``\\circ``, ``\\intercal``, ``\\mathbf{1}``, upright differentials, dollar signs, tight spacing."""
    text = latex.replace(r"\odot", r"\circ").replace(r"^\top", r"^\intercal").replace(r"\mathbb{1}", r"\mathbf{1}")
    text = (
        re.sub(r"\\mathbf\{([A-Za-z])\}", r"\\vec{\1}", text)
        .replace(r"\partial ", r"\mathrm{d}")
        .replace(r"\cdot", r"\times")
    )
    text = (
        text.replace(r"\mathcal{L}", r"\mathscr L")
        .replace(r"\text{ReLU}", r"\operatorname{relu}")
        .replace(r"\log(", r"\ln(")
    )
    return f"$ {text.replace(', ', ',').replace(' = ', '=')} $"


VARIANTS = (tags_below, brackets_first, other_signs)
