"""The edge agent's campaign: printers write, and all goes wrong between them and mail.

`python -m tests.edge_soak [--files 10000] [--seed N]`. The agent is killed, its line is
cut, answers are lost, storage goes away; at the end every file must have been mailed
once, whole, and to whom its sidecar says.
"""
