"""How the bundled checkpoint is trained, stage by stage; see `engine.demo.train`."""
