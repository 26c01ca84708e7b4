"""Networks that the tests run through the whole engine: every level, shared weights, reuse, mixed shapes."""

from __future__ import annotations

from typing import Any

from course_networks import COURSE

Network = dict[str, Any]

MATRICES: dict[str, Network] = {
    "gaussian": {
        "symbols": {"x": {"shape": ["D"], "role": "input"}, "m": ["D"], "S": ["D", "D"]},
        "forward": ["P = inv(S)", "u = x - m", "L = 1/2*(u.T @ P @ u + logdet(S))"],
    },
    "ridge": {
        "symbols": {"X": {"shape": ["N", "D"], "role": "input"}, "y": {"shape": ["N"], "role": "target"}, "a": []},
        "forward": [
            "G = X.T @ X + exp(a)*eye(D)",
            "w = solve(G, X.T @ y)",
            "r = X @ w - y",
            "L = r.T @ r + sum(w)",
        ],
    },
    "several right sides": {
        "symbols": {"A": ["D", "D"], "B": ["D", "K"], "C": ["D", "K"]},
        "forward": ["Y = solve(A, B)", "Z = tanh(Y)*C", "L = sum(Z)"],
    },
    "determinants": {
        "symbols": {"A": ["D", "D"], "B": ["D", "D"]},
        "forward": ["s = det(A @ B)", "t = trace(inv(A) @ B)", "L = s*t + s**2 + det(B)"],
    },
    "powers of a matrix": {
        "symbols": {"A": ["D", "D"], "x": ["D"]},
        "forward": ["B = matrix_power(A, 3)", "c = matrix_power(A, -2) @ x", "y = B @ x + c", "L = y.T @ y"],
    },
    "entries of an inverse": {
        "symbols": {"A": ["D", "D"], "v": ["D"]},
        "indices": {"i": "D", "j": "D"},
        "forward": ["h[i] = sum(inv(A)[i, j]*v[j]**2, j)", "L = sum(h[i]*inv(A)[i, i], i) + inv(A)[1, 2]"],
    },
    "statistics": {
        "symbols": {"x": ["N"], "Y": ["N", "K"], "c": []},
        "forward": [
            "s = var(x)*c + std(Y)",
            "q = x + 3",
            "E = exp(Y)",
            "p = prod(q) + prod(E)",
            "L = s**2 + log(p**2)*c",
        ],
    },
    "statistics along an axis": {
        "symbols": {"X": ["N", "D"], "v": ["D"]},
        "forward": [
            "m = std(X, axis=1, keepdims=True)",
            "s = var(X/m, axis=0)*var(v, axis=0)",
            "q = norm(tanh(X), axis=-1)",
            "L = s.T @ v + sum(q**3)",
        ],
    },
    "steps and angles": {
        "symbols": {"x": ["D"], "w": ["D"], "c": [], "t": {"shape": ["D"], "role": "target"}},
        "forward": [
            "a = arctan(w*x) + tan(tanh(x))",
            "b = clip(a, -1/2, c)*step(x)",
            "L = squared_error(b + a, t)",
        ],
    },
}
"""Networks of inverses, determinants and their like."""

NETWORKS: dict[str, Network] = {
    **MATRICES,
    "rnn": {
        "symbols": {
            "U": ["H", "D"],
            "W": ["H", "H"],
            "b": ["H"],
            "V": ["K", "H"],
            "h0": ["H"],
            "x1": ["D"],
            "x2": ["D"],
            "x3": ["D"],
            "t": {"shape": ["K"], "role": "target"},
        },
        "forward": [
            "z1 = U @ x1 + W @ h0 + b",
            "h1 = tanh(z1)",
            "z2 = U @ x2 + W @ h1 + b",
            "h2 = tanh(z2)",
            "z3 = U @ x3 + W @ h2 + b",
            "h3 = tanh(z3)",
            "y = V @ h3",
            "L = squared_error(y, t)",
        ],
    },
    "tied-autoencoder": {
        "symbols": {"W": ["H", "D"], "b": ["H"], "c": ["D"], "x": {"shape": ["D"], "role": "input"}},
        "forward": ["h = sigmoid(W @ x + b)", "y = W.T @ h + c", "L = 1/2*sum((y - x)**2)"],
    },
    "batch-bce": {
        "symbols": {
            "X": {"shape": ["N", "D"], "role": "input"},
            "w": ["D"],
            "b": [],
            "t": {"shape": ["N"], "role": "target"},
        },
        "forward": ["z = X @ w + b", "y = sigmoid(z)", "L = -mean(t*log(y) + (1 - t)*log(1 - y))"],
    },
    "layer-norm": {
        "symbols": {
            "x": ["D"],
            "g": ["D"],
            "b": ["D"],
            "t": {"shape": ["D"], "role": "target"},
            "eps": {"role": "constant", "latex": r"\epsilon"},
        },
        "forward": [
            "m = mean(x)",
            "v = mean((x - m)**2)",
            "h = (x - m)/sqrt(v + eps)",
            "y = g*h + b",
            "L = squared_error(y, t)",
        ],
    },
    "layer-norm-batch": {
        "symbols": {"X": ["N", "D"], "g": ["D"], "b": ["D"], "T": {"shape": ["N", "D"], "role": "target"}},
        "forward": [
            "m = mean(X, axis=1, keepdims=True)",
            "C = X - m",
            "v = mean(C**2, axis=1, keepdims=True)",
            "H = C/sqrt(v + 0.01)",
            "Y = g*H + b",
            "L = mean((Y - T)**2)",
        ],
    },
    "batch-norm": {
        "symbols": {"X": ["N", "D"], "g": ["D"], "b": ["D"], "T": {"shape": ["N", "D"], "role": "target"}},
        "forward": [
            "m = mean(X, axis=0)",
            "C = X - m",
            "v = mean(C**2, axis=0)",
            "s = sqrt(v + 0.01)",
            "H = C/s",
            "Y = H*g + b",
            "L = sum((Y - T)**2)/2",
        ],
    },
    "rms-norm": {
        "symbols": {"x": ["D"], "g": ["D"], "t": {"shape": ["D"], "role": "target"}},
        "forward": ["r = sqrt(mean(x**2) + 0.01)", "y = g*x/r", "L = squared_error(y, t)"],
    },
    "attention": {
        "symbols": {
            "X": ["N", "D"],
            "Wq": ["D", "K"],
            "Wk": ["D", "K"],
            "Wv": ["D", "M"],
            "T": {"shape": ["N", "M"], "role": "target"},
        },
        "forward": [
            "Q = X @ Wq",
            "Kk = X @ Wk",
            "V = X @ Wv",
            "S = Q @ Kk.T / sqrt(K)",
            "A = softmax(S)",
            "Y = A @ V",
            "L = 1/2*sum((Y - T)**2)",
        ],
    },
    "attention-entries": {
        "indices": {"n": "N", "m": "N", "h": "H", "d": "D", "e": "E"},
        "symbols": {
            "Q": ["N", "H", "D"],
            "K": ["N", "H", "D"],
            "V": ["N", "H", "E"],
            "T": {"shape": ["N", "E"], "role": "target"},
        },
        "forward": [
            "S[h,n,m] = sum(Q[n,h,d]*K[m,h,d], d)",
            "A[h,n,m] = exp(S[h,n,m])/sum(exp(S[h,n,m']), m')",
            "Y[n,e] = sum(A[h,n,m]*V[m,h,e], h, m)",
            "L = 1/2*sum((Y[n,e] - T[n,e])**2, n, e)",
        ],
    },
    "quadratic-form": {
        "symbols": {"x": ["D"], "A": ["D", "D"]},
        "forward": ["L = x.T @ A @ x"],
    },
    "l2": {
        "symbols": {
            "W": ["K", "D"],
            "x": {"shape": ["D"], "role": "input"},
            "t": {"shape": ["K"], "role": "target"},
            "lam": {"role": "constant", "latex": r"\lambda"},
        },
        "forward": ["y = W @ x", "L = squared_error(y, t) + lam/2*sum(W**2)"],
    },
    "logsumexp": {"symbols": {"x": ["D"], "w": ["D"]}, "forward": ["z = w*x", "L = logsumexp(z)"]},
    "logsumexp-batch": {
        "symbols": {"X": ["N", "D"], "W": ["K", "D"]},
        "forward": ["Z = X @ W.T", "l = logsumexp(Z)", "L = mean(l)"],
    },
    "cosine": {
        "symbols": {"u": ["D"], "v": ["D"]},
        "forward": ["L = u.T @ v / (norm(u)*norm(v))"],
    },
    "cosine-entries": {
        "indices": {"i": "D"},
        "symbols": {"u": ["D"], "v": ["D"]},
        "forward": ["c = sum(u[i]*v[i], i)/(sqrt(sum(u[i]**2, i))*sqrt(sum(v[i]**2, i)))", "L = 1 - c"],
    },
    "sum-of-softmax": {"symbols": {"z": ["D"]}, "forward": ["a = softmax(z)", "L = sum(a)"]},
    "softmax-three-lines": {
        "symbols": {"z": ["D"], "t": {"shape": ["D"], "role": "target", "one_hot": True}},
        "forward": ["e = exp(z)", "s = sum(e)", "a = e/s", "L = cross_entropy(a, t)"],
    },
    "softmax-inline": {
        "symbols": {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target", "one_hot": True}},
        "forward": ["L = cross_entropy(softmax(W @ x), t)"],
    },
    "log-softmax": {
        "symbols": {"z": ["K"], "t": {"shape": ["K"], "role": "target", "one_hot": True}},
        "forward": ["l = log_softmax(z)", "L = -sum(t*l)"],
    },
    "log-softmax-batch": {
        "symbols": {"Z": ["N", "K"], "T": {"shape": ["N", "K"], "role": "target", "one_hot": True}},
        "forward": ["L = -mean(sum(T*log_softmax(Z), axis=1))"],
    },
    "row-vector": {
        "symbols": {"x": [1, "D"], "W": ["D", "H"], "b": [1, "H"], "V": ["H", 1], "t": {"role": "target"}},
        "forward": ["h = tanh(x @ W + b)", "y = h @ V", "L = (y - t)**2/2"],
    },
    "lstm-cell": {
        "symbols": {
            "Wf": ["H", "D"],
            "Wi": ["H", "D"],
            "Wo": ["H", "D"],
            "Wc": ["H", "D"],
            "x": ["D"],
            "c0": ["H"],
            "t": {"shape": ["H"], "role": "target"},
        },
        "forward": [
            "f = sigmoid(Wf @ x)",
            "i = sigmoid(Wi @ x)",
            "o = sigmoid(Wo @ x)",
            "g = tanh(Wc @ x)",
            "c = f*c0 + i*g",
            "h = o*tanh(c)",
            "L = squared_error(h, t)",
        ],
    },
    "abstract": {
        "functions": {"phi": "abstract"},
        "symbols": {"W": ["H", "D"], "x": ["D"], "v": ["H"], "t": {"role": "target"}},
        "forward": ["h = phi(W @ x)", "y = v.T @ h", "L = loss(y, t)"],
    },
    "abstract-loss-vector": {
        "symbols": {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target"}},
        "forward": ["y = W @ x", "L = loss(y, t)"],
    },
    "abstract-loss-inline": {
        "symbols": {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target"}},
        "forward": ["L = loss(W @ x, t)"],
    },
    "trace": {"symbols": {"A": ["D", "K"], "B": ["K", "D"]}, "forward": ["L = trace(A @ B)"]},
    "bilinear": {
        "symbols": {"u": ["D"], "M": ["D", "E"], "v": ["E"], "t": {"role": "target"}},
        "forward": ["s = u.T @ M @ v", "y = sigmoid(s)", "L = binary_cross_entropy(y, t)"],
    },
    "max-pool-all": {
        "symbols": {"x": ["D"], "w": ["D"]},
        "forward": ["h = w*x", "m = max(h)", "L = m**2"],
    },
    "max-rows": {
        "symbols": {"X": ["N", "D"], "w": ["N"]},
        "forward": ["m = max(X, axis=1)", "k = min(X, axis=0)", "L = sum(w*m) + sum(k**2)"],
    },
    "softmax-columns": {
        "symbols": {"X": ["N", "D"], "w": ["D"]},
        "forward": [
            "P = softmax(X, axis=0)",
            "m = logsumexp(2*X, axis=-2)",
            "L = sum(P**2) + sum(w*m) + sum(log_softmax(X*w, axis=0)**2)",
        ],
    },
    "max-two": {"symbols": {"x": ["D"], "y": ["D"]}, "forward": ["h = max(x, y)", "L = sum(h**3)/3"]},
    "triplet-hinge": {
        "symbols": {"a": ["D"], "p": ["D"], "n": ["D"]},
        "forward": ["d = sum((a - p)**2) - sum((a - n)**2) + 5", "L = max(d, 0)"],
    },
    "glu": {
        "symbols": {"W": ["H", "D"], "V": ["H", "D"], "x": ["D"], "t": {"shape": ["H"], "role": "target"}},
        "forward": ["h = (W @ x)*sigmoid(V @ x)", "L = squared_error(h, t)"],
    },
    "activations": {
        "symbols": {"x": ["D"], "a": []},
        "forward": [
            "h1 = gelu(x)",
            "h2 = silu(h1)",
            "h3 = softplus(h2)",
            "h4 = elu(h3)",
            "h5 = leaky_relu(h4, 0.1)",
            "h6 = abs(h5) + sin(h5)*cos(h5)",
            "h7 = leaky_relu(h6 - 1, a)",
            "L = sum(exp(h7)*sqrt(1 + h6**2))",
        ],
    },
    "power": {"symbols": {"x": ["D"], "p": []}, "forward": ["h = (1 + x**2)**p", "L = sum(h)"]},
    "diag": {
        "symbols": {"d": ["D"], "x": ["D"], "M": ["D", "D"]},
        "forward": ["y = diag(d) @ x + diag(M)", "L = sum(y**2)"],
    },
    "outer": {
        "symbols": {"u": ["D"], "v": ["E"], "T": {"shape": ["D", "E"], "role": "target"}},
        "forward": ["M = outer(u, v)", "L = squared_error(M, T)"],
    },
    "vae": {
        "symbols": {
            "mu": ["D"],
            "r": ["D"],
            "eps": {"shape": ["D"], "role": "constant"},
            "W": ["K", "D"],
            "x": {"shape": ["K"], "role": "target"},
        },
        "forward": [
            "s = exp(r/2)",
            "z = mu + s*eps",
            "y = W @ z",
            "R = squared_error(y, x)",
            "K0 = -1/2*sum(1 + r - mu**2 - exp(r))",
            "L = R + K0",
        ],
    },
    "mixture": {
        "symbols": {
            "G": ["E", "D"],
            "x": ["D"],
            "A": ["K", "D"],
            "B": ["K", "D"],
            "t": {"shape": ["K"], "role": "target"},
        },
        "forward": [
            "g = sigmoid(A @ x)",
            "y = g*(A @ x) + (1 - g)*(B @ x)",
            "p = softmax(G @ x)",
            "L = squared_error(y, t) + sum(p**2)",
        ],
    },
    "column-vectors": {
        "symbols": {"x": ["D", 1], "W": ["H", "D"], "b": ["H", 1], "T": {"shape": ["H", 1], "role": "target"}},
        "forward": ["z = W @ x + b", "h = tanh(z)", "L = sum((h - T)**2)"],
    },
    "square-bias": {
        "symbols": {"X": ["D", "D"], "b": ["D"], "c": ["D", 1]},
        "forward": ["Z = X + b + c", "Y = X*b/c", "L = sum(Z*Y)"],
    },
    "scalar-everything": {
        "forward": ["a = x*y", "b = a/x + exp(a)", "c = b**2 - a", "L = log(c**2 + 1)"],
    },
    "dead-end": {
        "symbols": {"x": ["D"], "w": ["D"]},
        "forward": ["a = w*x", "u = sum(a**2)", "k = [w > 0]*x", "L = sum(a) + sum(k)"],
    },
    "dims-in-expression": {
        "symbols": {"X": ["N", "D"], "w": ["D"]},
        "forward": ["z = X @ w/N", "L = sum(z**2)*D + N"],
    },
    "fixed-dims": {
        "dims": {"D": 2},
        "symbols": {"W": [3, "D"], "x": ["D"], "v": [3]},
        "forward": ["h = tanh(W @ x)", "L = (v.T @ h)**2"],
    },
    "matrix-chain": {
        "symbols": {"A": ["N", "D"], "B": ["D", "K"], "C": ["K", "M"]},
        "forward": ["P = A @ B @ C", "Q = P.T @ P", "L = trace(Q)"],
    },
    "word2vec": {
        "symbols": {"u": ["D"], "V": ["K", "D"], "t": {"shape": ["K"], "role": "target", "one_hot": True}},
        "forward": ["s = V @ u", "y = exp(s - logsumexp(s))", "L = -sum(t*log(y))"],
    },
    "frobenius": {"symbols": {"W": ["K", "D"]}, "forward": ["n = norm(W)", "L = n"]},
    "mean-of-everything": {
        "symbols": {"W": ["K", "D"], "x": ["D"]},
        "forward": ["y = W @ x", "L = mean(y) + mean(W) + mean(x**2)"],
    },
    "graph-convolution": {
        "symbols": {"A": ["N", "N"], "X": ["N", "D"], "W": ["D", "H"], "T": {"shape": ["N", "H"], "role": "target"}},
        "forward": ["Y = relu(A @ X @ W)", "L = squared_error(Y, T)"],
    },
    "support-vectors": {
        "symbols": {
            "X": {"shape": ["N", "D"], "role": "input"},
            "w": ["D"],
            "b": [],
            "t": {"shape": ["N"], "role": "target"},
            "a": {"role": "constant"},
        },
        "forward": ["y = X @ w + b", "L = mean(max(1 - t*y, 0)**2) + a/2*norm(w)**2"],
    },
    "normalised-rows": {
        "symbols": {"Z": ["N", "D"], "T": {"shape": ["N", "N"], "role": "target", "one_hot": True}},
        "forward": [
            "n = sqrt(sum(Z**2, axis=1, keepdims=True))",
            "U = Z/n",
            "S = U @ U.T/0.1",
            "L = -sum(T*log_softmax(S))/N",
        ],
    },
    "low-rank": {
        "symbols": {"A": ["H", "R"], "B": ["R", "D"], "x": ["D"], "t": {"shape": ["H"], "role": "target"}},
        "forward": ["y = A @ (B @ x)", "L = squared_error(y, t)"],
    },
    "weight-norm": {
        "symbols": {"v": ["D"], "g": [], "x": ["D"], "t": {"role": "target"}},
        "forward": ["w = g*v/norm(v)", "y = w.T @ x", "L = (y - t)**2/2"],
    },
    "projection": {
        "symbols": {"W": ["D", "K"], "X": {"shape": ["N", "D"], "role": "input"}},
        "forward": ["E = X - X @ W @ W.T", "L = sum(E**2)/N"],
    },
    "negative-log-sigmoid": {
        "symbols": {"N": ["K", "D"], "v": ["D"]},
        "forward": ["r = N @ v", "L = -sum(log(sigmoid(-r)))"],
    },
    "three-axis-trilinear": {
        "symbols": {"W": ["K", "D", "H"], "x": ["D"], "u": ["H"], "t": {"shape": ["K"], "role": "target"}},
        "indices": {"k": "K", "d": "D", "h": "H"},
        "forward": ["y[k]=sum(W[k,d,h]*x[d]*u[h],d,h)", "L=squared_error(y,t)"],
    },
    "nested-softmax": {
        "symbols": {"z": ["D"], "W": ["K", "D"], "t": {"shape": ["K"], "role": "target"}},
        "forward": ["p=softmax(W @ softmax(z))", "L=-sum(t*log(p))"],
    },
    "masked-attention": {
        "symbols": {
            "Q": ["N", "D"],
            "P": ["N", "D"],
            "V": ["N", "H"],
            "M": ["N", "N"],
            "T": {"shape": ["N", "H"], "role": "target"},
        },
        "forward": ["S = Q @ P.T/sqrt(D) + M", "A = softmax(S)", "Y = A @ V", "L = sum((Y-T)**2)/N"],
    },
    "infonce": {
        "symbols": {"z": ["D"], "P": ["N", "D"], "tau": []},
        "forward": ["s = P @ z/(tau*norm(z))", "L = -s[1] + log(sum(exp(s)))"],
    },
    "gru-two-steps": {
        "symbols": {
            "Wz": ["H", "D"],
            "Uz": ["H", "H"],
            "Wr": ["H", "D"],
            "Ur": ["H", "H"],
            "W": ["H", "D"],
            "U": ["H", "H"],
            "x1": ["D"],
            "x2": ["D"],
            "h0": ["H"],
            "t": {"shape": ["H"], "role": "target"},
        },
        "forward": [
            "z1 = sigmoid(Wz @ x1 + Uz @ h0)",
            "r1 = sigmoid(Wr @ x1 + Ur @ h0)",
            "n1 = tanh(W @ x1 + U @ (r1*h0))",
            "h1 = (1 - z1)*h0 + z1*n1",
            "z2 = sigmoid(Wz @ x2 + Uz @ h1)",
            "r2 = sigmoid(Wr @ x2 + Ur @ h1)",
            "n2 = tanh(W @ x2 + U @ (r2*h1))",
            "h2 = (1 - z2)*h1 + z2*n2",
            "L = squared_error(h2,t)",
        ],
    },
    "bilinear-pooling": {
        "symbols": {"X": ["N", "D"], "Y": ["N", "H"], "w": ["D", "H"], "t": []},
        "forward": ["B = X.T @ Y/N", "S = sign(B)*sqrt(abs(B))", "s = sum(w*S)/norm(S)", "L=(s-t)**2"],
    },
    "mixture-density": {
        "symbols": {"a": ["K"], "m": ["K"], "l": ["K"], "t": {"role": "target"}},
        "forward": [
            "p = softmax(a)",
            "s = exp(l)",
            "f = p*exp(-(t-m)**2/(2*s**2))/(s*sqrt(2*π))",
            "L = -log(sum(f))",
        ],
    },
    "rbm-free-energy": {
        "symbols": {"W": ["H", "D"], "b": ["D"], "c": ["H"], "v": ["D"], "u": ["D"]},
        "forward": [
            "F = -b.T @ v - sum(softplus(W @ v + c))",
            "G = -b.T @ u - sum(softplus(W @ u + c))",
            "L = F - G",
        ],
    },
    "huber": {
        "symbols": {
            "W": ["K", "D"],
            "x": ["D"],
            "t": {"shape": ["K"], "role": "target"},
            "delta_": {"role": "constant"},
        },
        "forward": ["r = abs(W @ x - t)", "q = min(r, delta_)", "L = sum(q*(r - q/2))"],
    },
    "crammer-singer": {
        "symbols": {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target", "one_hot": True}},
        "forward": ["s = W @ x", "L = max(s + 1 - t) - t.T @ s"],
    },
    "label-smoothing": {
        "symbols": {
            "W": ["K", "D"],
            "x": ["D"],
            "t": {"shape": ["K"], "role": "target", "one_hot": True},
            "eps": {"role": "constant"},
        },
        "forward": ["z = W @ x", "q = (1-eps)*t + eps/K", "L = -sum(q*log_softmax(z))"],
    },
    "focal": {
        "symbols": {"w": ["D"], "x": ["D"], "g": {"role": "constant"}},
        "forward": ["p = sigmoid(w.T @ x)", "L = -(1-p)**g*log(p)"],
    },
    "distillation": {
        "symbols": {
            "z": ["K"],
            "q": {"shape": ["K"], "role": "target"},
            "tau": {"role": "constant"},
            "t": {"shape": ["K"], "role": "target", "one_hot": True},
            "lam": {"role": "constant"},
        },
        "forward": [
            "p = softmax(z/tau)",
            "L = -lam*tau**2*sum(softmax(q/tau)*log(p)) - (1-lam)*sum(t*log_softmax(z))",
        ],
    },
    "ordinal": {
        "symbols": {"w": ["D"], "x": ["D"], "c": ["K"], "t": {"shape": ["K"], "role": "target"}},
        "forward": ["s = w.T @ x", "p = sigmoid(c - s)", "L = binary_cross_entropy(p,t)"],
    },
    "mahalanobis": {
        "symbols": {"M": ["D", "D"], "x": ["D"], "y": ["D"]},
        "forward": ["r = x - y", "d = sqrt(r.T @ M.T @ M @ r)", "L = d"],
    },
    "hyper-network": {
        "symbols": {"C": ["K", "D", "H"], "e": ["H"], "x": ["D"], "t": {"shape": ["K"], "role": "target"}},
        "indices": {"k": "K", "d": "D", "h": "H"},
        "forward": ["W[k,d] = sum(C[k,d,h]*e[h],h)", "y = W @ x", "L=squared_error(y,t)"],
    },
    "moe-shared": {
        "symbols": {"G": ["K", "D"], "W": ["K", "H", "D"], "x": ["D"], "t": {"shape": ["H"], "role": "target"}},
        "indices": {"k": "K", "h": "H", "d": "D"},
        "forward": ["g = softmax(G @ x)", "y[h] = sum(g[k]*W[k,h,d]*x[d],k,d)", "L=squared_error(y,t)"],
    },
    "factorisation-machine": {
        "symbols": {"V": ["D", "H"], "w": ["D"], "x": ["D"], "t": {"role": "target"}},
        "indices": {"h": "H", "d": "D"},
        "forward": [
            "s = 1/2*sum(sum(V[d,h]*x[d],d)**2 - sum(V[d,h]**2*x[d]**2,d),h)",
            "y = w.T @ x + s",
            "L=(y-t)**2",
        ],
    },
    "barlow-twins": {
        "symbols": {"X": ["N", "D"], "Y": ["N", "D"], "lam": {"role": "constant"}},
        "forward": ["C = X.T @ Y/N", "L = sum((1-diag(C))**2) + lam*(sum(C**2)-sum(diag(C)**2))"],
    },
    "jensen-two-losses": {
        "symbols": {"z": ["K"], "q": ["K"]},
        "forward": [
            "p = softmax(z)",
            "r = softmax(q)",
            "m = (p+r)/2",
            "L = 1/2*sum(p*log(p/m)) + 1/2*sum(r*log(r/m))",
        ],
    },
    "conv-stride-two-channels-relu": {
        "symbols": {"W": ["O", "C", "K"], "X": ["C", "D"], "b": ["O"], "T": {"shape": ["O", "M"], "role": "target"}},
        "indices": {"o": "O", "c": "C", "k": "K", "i": "M"},
        "forward": [
            "Z[o,i] = sum(W[o,c,k]*X[c,2*i+k-2],c,k)+b[o]",
            "Y[o,i]=relu(Z[o,i])",
            "L=sum((Y[o,i]-T[o,i])**2,o,i)",
        ],
    },
    "causal-moving-average": {
        "symbols": {"x": ["D"], "a": [], "t": {"shape": ["D"], "role": "target"}},
        "indices": {"i": "D"},
        "forward": ["y[i]=a*x[i]+(1-a)*x[i-1]", "L=squared_error(y,t)"],
    },
    "squeeze-excite": {
        "symbols": {"X": ["C", "P"], "A": ["R", "C"], "B": ["C", "R"], "T": {"shape": ["C", "P"], "role": "target"}},
        "forward": ["s = mean(X,axis=1)", "e = sigmoid(B @ relu(A @ s))", "Y[c,p] = X[c,p]*e[c]", "L=sum((Y-T)**2)"],
        "indices": {"c": "C", "p": "P"},
    },
    "kl-gaussians": {
        "symbols": {"m": ["D"], "s": ["D"], "n": ["D"], "r": ["D"]},
        "forward": ["L = sum(log(exp(r)/exp(s)) + (exp(2*s)+(m-n)**2)/(2*exp(2*r)) - 1/2)"],
    },
    "words": {
        "symbols": {
            "weights": ["H", "D"],
            "bias": ["H"],
            "Wout": ["K", "H"],
            "scale": [],
            "lam": {"role": "constant"},
            "x": {"shape": ["D"], "role": "input"},
            "target": {"shape": ["K"], "one_hot": True},
        },
        "forward": [
            "hidden = tanh(weights @ x + bias)",
            "logits = scale*(Wout @ hidden)",
            "probs = softmax(logits)",
            "loss = cross_entropy(probs, target) + lam/2*sum(weights**2) + lam*scale*(scale - 1)**2",
        ],
    },
    "pairs-and-products": {
        "symbols": {"X": ["N", "D"], "w": ["D"]},
        "indices": {"n": "N", "m": "N"},
        "forward": ["y[n] = w*X[n]", "L = sum(prod(y[n]), n) + sum(norm(X[n] - X[m])**2, n, m)"],
    },
    "words-of-a-batch": {
        "symbols": {"data": ["batch", "width"], "gain1": ["width"], "y_hat": {"shape": ["batch"], "role": "target"}},
        "indices": {"n": "batch", "d": "width"},
        "forward": [
            "score[n] = sum(data[n,d]*gain1[d], d)",
            "error[n] = score[n] - y_hat[n]",
            "total = mean(error**2) + sum(gain1**2)",
        ],
    },
    **COURSE,
}

ONCE_WRONG: dict[str, Network] = {
    # Small forms of networks that once went wrong.
    "two indices of a node become one": {
        "symbols": {"Q": ["K", "K", "K"]},
        "indices": {"k": "K"},
        "forward": ["Y[k,k'] = delta(k, k')*sum(Q[k',k',k''], k'')", "L = sum(sin(Y[k,k']), k, k')"],
    },
    "a product folds on its diagonal": {
        "symbols": {"h": ["H"], "x": ["Q"]},
        "indices": {"h": "H", "q": "Q"},
        "forward": ["S[q,p,h] = h[h]*x[q]*x[p]", "L = sqrt(1 + sum(S[q,p,h]**2, q, p, h))"],
    },
    "what cancels still counts as mentioned": {
        "forward": ["s = elu(c - 2)", "m = sin(s)", "y = 3 - (m - m) + c", "L = y**2"],
    },
    "an array beside a sum over letters": {
        "symbols": {"x": ["D"], "z": ["K"]},
        "forward": ["y = x*sum(z[k], k) + z[1]", "L = sum(y**2)"],
    },
    "entries times a 1 x 1 matrix": {
        "symbols": {"z": ["K"], "w": [1, 1], "s": [1], "x": ["D"]},
        "forward": ["s = sum(z[k], k)", "y[k] = z[k]*w*s[1]", "L = sum(y)*(x.T @ x) + (s - w)**2/2"],
    },
    "a softmax does not react to a shift": {
        "symbols": {"u": ["H"], "W": ["H", "H"], "t": {"shape": ["H", "H"], "role": "target"}},
        "forward": ["Y = softmax((u + W).T)", "L = squared_error(Y, t)"],
    },
    "a number as the gradient of an array": {
        "symbols": {"w": [1], "x": ["D"], "u": ["N"]},
        "forward": ["L = w/3 + sum(u)/4 + N*mean(x)*D"],
    },
    "a column kept as a matrix": {
        "symbols": {"V": ["K", "K"], "X": ["K", 1], "w": [], "c": [1], "t": {"shape": ["K", 1], "role": "target"}},
        "forward": ["Y = abs((V.T @ X)*min(w, c))", "L = binary_cross_entropy(sigmoid(Y), t)"],
    },
    "three axes": {
        "symbols": {"Q": ["N", "D", "H"], "x": ["D"]},
        "indices": {"n": "N", "d": "D", "h": "H"},
        "forward": ["S[n,h,d] = tanh(Q[n,d,h]*x[d])", "L = sum(S[n,h,d]**2, n, h, d)"],
    },
    "a kink of an exact zero behind a smooth function": {
        "forward": ["m = abs([exp(c) <= 0]*c)", "y = abs(gelu(m)) + c", "L = y**2"],
    },
    "ties of exact zeros behind smooth functions": {
        "symbols": {"x": ["D"], "u": ["D"]},
        "forward": [
            "z = gelu([exp(x) <= 0]*u)", "s = max(z) + min(z)", "y = max(z, 0) - min(0, z)*u", "L = s + sum(y + x)**2",
        ],
    },
    "the place of a maximum in a row": {
        "symbols": {"X": ["D", "D"], "c": ["D", 1], "V": ["D", "D"]},
        "forward": ["A = max(mean(X, axis=0, keepdims=True)) + X**2", "B = A*max(c) + sin(c)", "L = sum(B*V)"],
    },
    "a softmax does not react to a logsumexp": {
        "symbols": {"x": ["N"], "b": ["K"], "w": [], "t": {"shape": ["K"], "role": "target"}},
        "forward": [
            "z = softmax(b*w - b + logsumexp(x))", "y = softmax(elu(1/(1 + exp(-z))))", "L = squared_error(y, t)",
        ],
    },
    "a tie of products of exact zeros": {
        "symbols": {"x": ["D"], "u": ["D"]},
        "indices": {"d": "D"},
        "forward": [
            "y[d] = [x[d] > mean(x[d'], d')]*u[d]", "z[d] = max(y[d]*y[d']*exp(x[d']), d')",
            "L = sum(sin(z[d] + u[d]), d)",
        ],
    },
    "a false indicator beside an overflow": {
        "symbols": {"x": ["D"]},
        "forward": ["z = 400*x**2 + 800", "y = elu(z)", "L = mean(y)"],
    },
    "a value that cancels together with its slopes": {
        "symbols": {"V": ["H", "N"], "t": {"shape": ["N"], "role": "target"}},
        "forward": ["y = logsumexp(log_softmax(V.T))", "L = squared_error(y, t)"],
    },
    "a point away from saturation takes larger inputs": {
        "symbols": {"X": ["K", "N"], "t": {"shape": ["K"], "role": "target"}},
        "forward": [
            "y = max(X - 3, axis=1)", "z = y**3*elu(y)", "L = binary_cross_entropy(sigmoid(z), t)",
        ],
    },
}  # fmt: skip
